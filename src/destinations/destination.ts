import type { DeliveryOutcome } from '../domain/delivery.ts';
import type { AcceptedClass } from '../domain/ladder.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { DimseSender } from './dimse-store/dimse-sender.ts';

export type PayloadMediaType = 'application/dicom' | 'application/fhir+json' | 'application/hl7-v2';

/** One object to hand over. The bytes are read when asked for, as often as asked for, and are the same each time. */
export type Payload = DicomPayload | FhirPayload | Hl7Payload;

export interface DicomPayload {
  readonly mediaType: 'application/dicom';
  readonly studyInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Bytes of the data set. */
  readonly length: number;
  /** The data set, without preamble and File Meta Information. */
  dataSet(): AsyncIterable<Uint8Array>;
}

export interface FhirPayload {
  readonly mediaType: 'application/fhir+json';
  readonly studyInstanceUid: string;
  /** Stable over retries; file name and request id. Letters, digits, dots and dashes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Hl7Payload {
  readonly mediaType: 'application/hl7-v2';
  readonly studyInstanceUid: string;
  /** Stable over retries. Letters, digits, dots and dashes. */
  readonly name: string;
  /** One message, segments ended by CR, not framed; its MSH-10 is the same on each repeat. */
  readonly bytes: Uint8Array;
}

/** Another system that takes objects. All of a batch go in one exchange where the protocol allows. */
export interface Destination {
  readonly name: string;
  readonly kind: string;
  /** Exchanges at one time. */
  readonly concurrency: number;
  /** Objects in one exchange. */
  readonly batchSize: number;
  /**
   * Hands the payloads over and says for each what became of it, in the same order. A failure of the world is an outcome;
   * a rejection is our own mistake and counts as ambiguous. Repeating a payload is always allowed.
   */
  deliver(payloads: readonly Payload[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]>;
  /** Which of these SOP classes the peer takes, where it can be asked without sending. Rejects with a GatewayError when it does not answer. */
  probe?(sopClassUids: readonly string[], signal: AbortSignal): Promise<readonly AcceptedClass[]>;
  /**
   * Asks, in an exchange of its own and some time after `deliver`, which of these objects the other system has now. Absent: it offers no
   * such proof. A failure of the world is `unknown`, never a rejection.
   */
  readonly prove?: (objects: readonly ProvableObject[], signal: AbortSignal) => Promise<readonly ProofOutcome[]>;
  close(): Promise<void>;
}

export interface ProvableObject {
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** `there`: the other system names it · `missing`: it answered and does not · `unknown`: it could not be asked. */
export type ProofOutcome = 'there' | 'missing' | 'unknown';

/** What destinations are given to work with. */
export interface DestinationTools {
  readonly clock: Clock;
  readonly log: Log;
  /** Name under which the gateway speaks, for User-Agent and file meta. */
  readonly software: string;
  /** Makes a path of the configuration absolute. */
  readonly resolvePath: (file: string) => string;
  /** The value of an environment variable that the configuration names for a secret. */
  readonly secret: (variable: string) => string | undefined;
  /** Sends data sets over DIMSE to a configured peer. */
  readonly dimse: DimseSender;
}
