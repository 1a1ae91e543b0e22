import { assertNever } from '../../foundation/errors.ts';
import { ok, type Result } from '../../foundation/result.ts';
import { decodeAssociateAc, decodeAssociateRq } from './associate-pdu.ts';
import { abortReasons, type ControlPdu, type PduFault, pduTypes } from './pdu.ts';
import { uint32 } from './pdu-items.ts';

/** Where the decoder puts what it finds, in the order of the stream. A call may call `stop()`. */
export interface PduSink {
  /** A whole PDU other than P-DATA-TF. */
  pdu(pdu: ControlPdu): void;
  /** The header of a P-DATA-TF was read and its length is within the limit; its fragments follow. */
  pData(): void;
  /**
   * A piece of one PDV, a view of the pushed chunk: use or copy it before returning.
   *
   * @param control  the message control header (`messageControl`), the same for all pieces of a PDV
   * @param ends     this piece is the last of its PDV; it may be empty
   */
  fragment(contextId: number, control: number, bytes: Uint8Array, ends: boolean): void;
  /** The stream cannot be followed any further. Called at most once. */
  fault(fault: PduFault): void;
}

export interface PduLimits {
  /** Longest P-DATA-TF taken, bytes without its header: what we announced. 0 = any. */
  readonly maxPDataLength: number;
  /** Longest association PDU taken, bytes without its header. */
  readonly maxAssociateLength: number;
}

/**
 * Follows the PDUs of one connection through chunks cut anywhere (PS3.8 §9.3).
 *
 * P-DATA-TF is never held: pieces of its PDVs go out as they come in. Other PDUs are collected, in a buffer that grows with
 * what arrived and not with what was announced. A length over the limit is a fault on the six header bytes.
 * Never throws on input; after `stop()` or a fault every further byte is dropped.
 */
export class PduDecoder {
  readonly #limits: PduLimits;
  readonly #sink: PduSink;
  /** Header bytes cut by the end of a chunk: of a PDU, or of a PDV. Both have six. */
  readonly #header = new Uint8Array(6);
  #headerLength = 0;
  #mode: 'pdu-header' | 'pdv-header' | 'pdv' | 'body' | 'stopped' = 'pdu-header';
  #pduType = 0;
  /** Bytes of the current PDU that are still to come. */
  #pduLeft = 0;
  #pdvLeft = 0;
  #contextId = 0;
  #control = 0;
  #body = new Uint8Array(0);
  #bodyLength = 0;

  constructor(limits: PduLimits, sink: PduSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  /** True between two PDUs, when no byte of a next one has come. */
  get isBetweenPdus(): boolean {
    return this.#mode === 'pdu-header' && this.#headerLength === 0;
  }

  /** Drops everything from now on. */
  stop(): void {
    this.#mode = 'stopped';
  }

  /** Takes the next bytes of the connection. The chunk is not kept. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#mode !== 'stopped') {
      if (this.#mode === 'pdv') at = this.#takePdv(chunk, at);
      else if (this.#mode === 'body') at = this.#takeBody(chunk, at);
      else at = this.#takeHeader(chunk, at);
    }
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    if (this.#headerLength === 0 && chunk.length - at >= 6) {
      this.#onHeader(chunk, at);
      return at + 6;
    }
    const end = Math.min(chunk.length, at + 6 - this.#headerLength);
    for (; at < end; at += 1) this.#header[this.#headerLength++] = chunk[at]!;
    if (this.#headerLength === 6) {
      this.#headerLength = 0;
      this.#onHeader(this.#header, 0);
    }
    return at;
  }

  #onHeader(bytes: Uint8Array, at: number): void {
    if (this.#mode === 'pdv-header') this.#onPdvHeader(bytes, at);
    else this.#onPduHeader(bytes[at]!, uint32(bytes, at + 2));
  }

  #onPduHeader(pduType: number, length: number): void {
    const problem = this.#lengthProblem(pduType, length);
    if (problem !== undefined) return this.#fail(problem);
    this.#pduType = pduType;
    this.#pduLeft = length;
    if (pduType === pduTypes.pData) {
      this.#mode = 'pdv-header';
      this.#sink.pData();
      return;
    }
    this.#mode = 'body';
    this.#body = new Uint8Array(Math.min(length, 4096));
    this.#bodyLength = 0;
  }

  #lengthProblem(pduType: number, length: number): PduFault | undefined {
    switch (pduType) {
      case pduTypes.pData:
        if (length < 6) return invalid('P-DATA-TF holds no PDV');
        return this.#limits.maxPDataLength !== 0 && length > this.#limits.maxPDataLength ? invalid('P-DATA-TF is longer than announced') : undefined;
      case pduTypes.associateRq:
      case pduTypes.associateAc:
        if (length < 68) return invalid('association PDU is shorter than its fixed fields');
        return length > this.#limits.maxAssociateLength ? invalid('association PDU is too long') : undefined;
      case pduTypes.associateRj:
      case pduTypes.releaseRq:
      case pduTypes.releaseRp:
      case pduTypes.abort:
        return length === 4 ? undefined : invalid('PDU of fixed length has another length');
      default:
        return { reason: abortReasons.unrecognizedPdu, detail: `PDU type ${pduType}` };
    }
  }

  #onPdvHeader(bytes: Uint8Array, at: number): void {
    // PS3.8 §9.3.5.1: the PDV length counts the context id and the message control header.
    const length = uint32(bytes, at);
    if (length < 2 || length + 4 > this.#pduLeft) return this.#fail(invalid('PDV length does not fit its PDU'));
    const left = this.#pduLeft - length - 4;
    if (left > 0 && left < 6) return this.#fail(invalid('bytes are left behind the last PDV'));
    this.#pduLeft = left;
    this.#pdvLeft = length - 2;
    this.#contextId = bytes[at + 4]!;
    this.#control = bytes[at + 5]!;
    this.#mode = 'pdv';
    // An empty PDV is legal, above all as the last one of a message; no byte will come that could bring us here again.
    if (this.#pdvLeft === 0) this.#endPdv(nothing);
  }

  #takePdv(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#pdvLeft);
    const piece = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
    this.#pdvLeft -= end - at;
    if (this.#pdvLeft === 0) this.#endPdv(piece);
    else this.#sink.fragment(this.#contextId, this.#control, piece, false);
    return end;
  }

  #endPdv(piece: Uint8Array): void {
    // The state moves on before the sink is called: it may stop the decoder.
    this.#mode = this.#pduLeft === 0 ? 'pdu-header' : 'pdv-header';
    this.#sink.fragment(this.#contextId, this.#control, piece, true);
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#pduLeft);
    this.#append(chunk.subarray(at, end));
    this.#pduLeft -= end - at;
    if (this.#pduLeft === 0) {
      this.#mode = 'pdu-header';
      const body = this.#body.subarray(0, this.#bodyLength);
      this.#body = nothing;
      const decoded = decodeBody(this.#pduType, body);
      if (decoded.ok) this.#sink.pdu(decoded.value);
      else this.#fail(decoded.fault);
    }
    return end;
  }

  #append(piece: Uint8Array): void {
    const needed = this.#bodyLength + piece.length;
    if (needed > this.#body.length) {
      const grown = new Uint8Array(Math.max(needed, this.#body.length * 2));
      grown.set(this.#body.subarray(0, this.#bodyLength));
      this.#body = grown;
    }
    this.#body.set(piece, this.#bodyLength);
    this.#bodyLength = needed;
  }

  #fail(problem: PduFault): void {
    this.#mode = 'stopped';
    this.#sink.fault(problem);
  }
}

const nothing = new Uint8Array(0);

function decodeBody(pduType: number, body: Uint8Array): Result<ControlPdu, PduFault> {
  switch (pduType) {
    case pduTypes.associateRq:
      return decodeAssociateRq(body);
    case pduTypes.associateAc:
      return decodeAssociateAc(body);
    case pduTypes.associateRj:
      return ok({ type: 'associate-rj', result: body[1]!, source: body[2]!, reason: body[3]! });
    case pduTypes.releaseRq:
      return ok({ type: 'release-rq' });
    case pduTypes.releaseRp:
      return ok({ type: 'release-rp' });
    case pduTypes.abort:
      return ok({ type: 'abort', source: body[2]!, reason: body[3]! });
    default:
      return assertNever(pduType as never, 'PDU type');
  }
}

function invalid(detail: string): PduFault {
  return { reason: abortReasons.invalidParameterValue, detail };
}
