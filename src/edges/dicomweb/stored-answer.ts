import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { part10Header } from '../../standards/dicom/part10.ts';
import type { ServedInstance } from '../../store/retrieval.ts';
import { blobAddressOf } from '../../store/segments/blob-address.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';

// Two buffers of this size serve one answer, however long: one is filled while the other is sent. A CT slice fits into one.
const PIECE_BYTES = 516 * 1024;
// Buffers wait here for the next answer: fresh ones cost page faults and garbage collection.
const MOST_SPARE = 16;
const spare: Buffer[] = [];

/** Sends instances as they are stored, as multipart of files: its length is known beforehand, and no byte is copied in between. */
export async function sendStoredFiles(segments: SegmentReader, instances: readonly ServedInstance[], response: Response): Promise<void> {
  const boundary = `isocenter-${randomBytes(12).toString('hex')}`;
  const heads = instances.map((instance, n) => headOf(instance, boundary, n === 0));
  const tail = Buffer.from(`\r\n--${boundary}--`);
  const length = heads.reduce((sum, head, n) => sum + head.length + instances[n]!.data_length, tail.length);
  response.set({ 'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`, 'Content-Length': String(length) });
  const sender = new TwoBufferSender(response);
  for (const [n, instance] of instances.entries()) {
    const address = blobAddressOf(instance);
    const head = heads[n]!;
    // The head goes with the first piece: one write less for every instance.
    for (let at = -head.length; at < address.length; ) {
      const buffer = await sender.free();
      const begin = at < 0 ? head.copy(buffer) : 0;
      const from = Math.max(0, at);
      const take = Math.min(buffer.length - begin, address.length - from);
      await segments.readInto(address, from, buffer.subarray(begin, begin + take));
      sender.send(begin + take);
      at = from + take;
    }
  }
  await sender.finished();
  response.end(tail);
}

function headOf(instance: ServedInstance, boundary: string, first: boolean): Buffer {
  const meta = part10Header({ sopClassUid: instance.sop_class_uid, sopInstanceUid: instance.sop_instance_uid, transferSyntaxUid: instance.transfer_syntax_uid });
  const lines = `${first ? '' : '\r\n'}--${boundary}\r\nContent-Type: application/dicom; transfer-syntax=${instance.transfer_syntax_uid}\r\nContent-Length: ${meta.length + instance.data_length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(lines), meta]);
}

/** Two buffers that take turns; one is free again when the socket has taken its bytes. */
class TwoBufferSender {
  readonly #response: Response;
  readonly #buffers: [Buffer | undefined, Buffer | undefined] = [undefined, undefined];
  readonly #busy: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
  #turn: 0 | 1 = 0;

  constructor(response: Response) {
    this.#response = response;
  }

  async free(): Promise<Buffer> {
    await this.#busy[this.#turn];
    return (this.#buffers[this.#turn] ??= spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES));
  }

  /** Sends the first bytes of the buffer that `free` gave. */
  send(length: number): void {
    const sent = written(this.#response, this.#buffers[this.#turn]!.subarray(0, length));
    sent.catch(() => undefined); // seen when its buffer is asked for again
    this.#busy[this.#turn] = sent;
    this.#turn = this.#turn === 0 ? 1 : 0;
  }

  /** All bytes are with the socket; the buffers may serve others. After a failure they are left to the garbage collector instead. */
  async finished(): Promise<void> {
    await Promise.all(this.#busy);
    for (const buffer of this.#buffers) if (buffer !== undefined && spare.length < MOST_SPARE) spare.push(buffer);
  }
}

function written(response: Response, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the client is gone'));
    if (response.destroyed) return gone();
    response.once('close', gone);
    response.write(piece, (error) => {
      response.off('close', gone);
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
