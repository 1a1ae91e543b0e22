// A C-STORE sender that is never the bottleneck: everything is encoded before the clock starts, the pixels of many instances are one
// buffer, an instance leaves in one writev. It speaks just enough DICOM for that (PS3.8 §9.3, PS3.7 §9.3.1), and is used by the
// benchmarks and by the crash harness; it shares no code with what it measures.
import net from 'node:net';

export const CT = '1.2.840.10008.5.1.4.1.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

export function even(text, pad) {
  return Buffer.from(text.length % 2 === 1 ? text + pad : text, 'latin1');
}

/** One element, Explicit VR Little Endian. */
export function element(group, number, vr, value) {
  const bytes = Buffer.isBuffer(value) ? value : typeof value === 'number' ? u16(value) : even(String(value), vr === 'UI' ? '\0' : ' ');
  return Buffer.concat([elementHeader(group, number, vr, bytes.length), bytes]);
}

export function elementHeader(group, number, vr, length) {
  const header = Buffer.alloc(LONG.has(vr) ? 12 : 8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.write(vr, 4, 'latin1');
  if (LONG.has(vr)) header.writeUInt32LE(length, 8);
  else header.writeUInt16LE(length, 6);
  return header;
}

function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** Everything of a CT before the value of its pixel data. */
export function ctHead({ study, series, sop, patientId = 'BENCH', number, pixelBytes, rows = 512 }) {
  return Buffer.concat([
    element(8, 5, 'CS', 'ISO_IR 100'), element(8, 8, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'), element(8, 0x16, 'UI', CT), element(8, 0x18, 'UI', sop),
    element(8, 0x20, 'DA', '20260102'), element(8, 0x21, 'DA', '20260102'), element(8, 0x30, 'TM', '101112'), element(8, 0x31, 'TM', '101113'),
    element(8, 0x50, 'SH', 'ACC1'), element(8, 0x60, 'CS', 'CT'), element(8, 0x70, 'LO', 'SYNTH'), element(8, 0x80, 'LO', 'Test Hospital'), element(8, 0x90, 'PN', 'Ref^Doc'),
    element(8, 0x1030, 'LO', 'CT Chest synthetic'), element(8, 0x103e, 'LO', 'Axial 1mm'), element(8, 0x1090, 'LO', 'GEN1'),
    element(0x10, 0x10, 'PN', 'Bench^Patient'), element(0x10, 0x20, 'LO', patientId), element(0x10, 0x30, 'DA', '19700101'), element(0x10, 0x40, 'CS', 'O'),
    element(0x18, 0x15, 'CS', 'CHEST'), element(0x18, 0x50, 'DS', '1.0'), element(0x18, 0x60, 'DS', '120'), element(0x18, 0x1030, 'LO', 'Chest routine'),
    element(0x20, 0xd, 'UI', study), element(0x20, 0xe, 'UI', series), element(0x20, 0x10, 'SH', '1'), element(0x20, 0x11, 'IS', '1'), element(0x20, 0x13, 'IS', String(number)),
    element(0x20, 0x32, 'DS', `-180\\-180\\${number}`), element(0x20, 0x37, 'DS', '1\\0\\0\\0\\1\\0'), element(0x20, 0x52, 'UI', `${study}.9`),
    element(0x28, 2, 'US', 1), element(0x28, 4, 'CS', 'MONOCHROME2'), element(0x28, 0x10, 'US', rows), element(0x28, 0x11, 'US', rows), element(0x28, 0x30, 'DS', '0.7\\0.7'),
    element(0x28, 0x100, 'US', 16), element(0x28, 0x101, 'US', 12), element(0x28, 0x102, 'US', 11), element(0x28, 0x103, 'US', 0),
    elementHeader(0x7fe0, 0x10, 'OW', pixelBytes),
  ]);
}

/** P-DATA-TF PDUs around `bytes`, one PDV each. `ends` marks the last fragment of the message. */
export function pData(contextId, isCommand, bytes, ends, pduLength) {
  const most = pduLength - 6;
  const parts = [];
  for (let at = 0; at < bytes.length || at === 0; at += most) {
    const piece = bytes.subarray(at, at + most);
    const header = Buffer.alloc(12);
    header[0] = 4;
    header.writeUInt32BE(piece.length + 6, 2);
    header.writeUInt32BE(piece.length + 2, 6);
    header[10] = contextId;
    header[11] = (isCommand ? 1 : 0) | (ends && at + most >= bytes.length ? 2 : 0);
    parts.push(header, piece);
  }
  return Buffer.concat(parts);
}

export function storeCommand(sopClass, sop, messageId) {
  const body = Buffer.concat([
    commandElement(2, even(sopClass, '\0')), commandElement(0x100, u16(1)), commandElement(0x110, u16(messageId)), commandElement(0x700, u16(0)),
    commandElement(0x800, u16(1)), commandElement(0x1000, even(sop, '\0')),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([commandElement(0, length), body]);
}

function commandElement(number, value) {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(number, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

function item(type, body) {
  const header = Buffer.alloc(4);
  header[0] = type;
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

export function associateRq({ called, calling, sopClass = CT, transferSyntax = EXPLICIT, pduLength }) {
  const fixed = Buffer.alloc(68);
  fixed.writeUInt16BE(1, 0);
  fixed.write(called.padEnd(16), 4, 'latin1');
  fixed.write(calling.padEnd(16), 20, 'latin1');
  const context = item(0x20, Buffer.concat([Buffer.from([1, 0, 0, 0]), item(0x30, Buffer.from(sopClass)), item(0x40, Buffer.from(transferSyntax))]));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(pduLength);
  const user = item(0x50, Buffer.concat([item(0x51, length), item(0x52, Buffer.from('1.2.826.0.1.3680043.8.498.2')), item(0x55, Buffer.from('RAWSCU'))]));
  const body = Buffer.concat([fixed, item(0x10, Buffer.from('1.2.840.10008.3.1.1.1')), context, user]);
  const header = Buffer.alloc(6);
  header[0] = 1;
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

const RELEASE_RQ = Buffer.from([5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);

/** One association that stores instances one after the other. Rejects with what went wrong when the connection ends early. */
export class RawStoreScu {
  #socket;
  #received = Buffer.alloc(0);
  #wanted = new Map();
  #lost;
  maxPdu = 0;

  static async connect({ host = '127.0.0.1', port, called = 'ISOCENTER', calling = 'RAWSCU', pduLength = 131_072, sopClass, transferSyntax }) {
    const scu = new RawStoreScu();
    scu.#socket = net.connect({ host, port, noDelay: true });
    scu.#socket.on('data', (chunk) => scu.#take(chunk));
    const lost = (why) => scu.#fail(new Error(why));
    scu.#socket.on('error', (error) => lost(error.code ?? error.message));
    scu.#socket.on('close', () => lost('closed'));
    const answer = scu.#next([2, 3]);
    scu.#socket.write(associateRq({ called, calling, sopClass, transferSyntax, pduLength }));
    const { type, body } = await answer;
    if (type === 3) {
      scu.#socket.destroy();
      throw new Error(`rejected ${body[1]}/${body[2]}/${body[3]}`);
    }
    scu.maxPdu = Math.min(pduLength, maxLengthOf(body) || pduLength);
    return scu;
  }

  /** Sends buffers that are a whole C-STORE-RQ message; the status of the answer. Waits for drain between parts when the socket is full. */
  async store(parts) {
    const answer = this.#next([4]);
    answer.catch(() => undefined);
    if (parts.length <= 8) {
      this.#socket.cork();
      for (const part of parts) this.#socket.write(part);
      this.#socket.uncork();
    } else {
      for (const part of parts) {
        if (!this.#socket.write(part)) await Promise.race([answer, new Promise((resolve) => this.#socket.once('drain', resolve))]);
      }
    }
    return statusOf((await answer).body);
  }

  async release() {
    const answer = this.#next([6]);
    this.#socket.write(RELEASE_RQ);
    await answer;
    this.#socket.destroy();
  }

  destroy() {
    this.#socket.destroy();
  }

  #next(types) {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) reject(this.#lost);
      else this.#wanted.set(resolve, { types, reject });
    });
  }

  #take(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 6 && this.#received.length >= 6 + this.#received.readUInt32BE(2)) {
      const end = 6 + this.#received.readUInt32BE(2);
      const type = this.#received[0];
      const body = Buffer.from(this.#received.subarray(6, end));
      this.#received = this.#received.subarray(end);
      if (type === 7) this.#fail(new Error(`aborted ${body[2]}/${body[3]}`));
      for (const [resolve, { types }] of this.#wanted) {
        if (!types.includes(type)) continue;
        this.#wanted.delete(resolve);
        resolve({ type, body });
        break;
      }
    }
  }

  #fail(error) {
    this.#lost ??= error;
    for (const { reject } of this.#wanted.values()) reject(this.#lost);
    this.#wanted.clear();
  }
}

function maxLengthOf(body) {
  let at = 68;
  while (at + 4 <= body.length) {
    const length = body.readUInt16BE(at + 2);
    if (body[at] === 0x50) {
      for (let sub = at + 4; sub + 4 <= at + 4 + length; sub += 4 + body.readUInt16BE(sub + 2)) if (body[sub] === 0x51) return body.readUInt32BE(sub + 4);
    }
    at += 4 + length;
  }
  return 0;
}

/** Status (0000,0900) of a response, whose command lies in one PDV; -1 when there is none. */
function statusOf(body) {
  for (let at = 6; at + 8 <= body.length; at += 8 + body.readUInt32LE(at + 4)) if (body.readUInt16LE(at + 2) === 0x900) return body.readUInt16LE(at + 8);
  return -1;
}
