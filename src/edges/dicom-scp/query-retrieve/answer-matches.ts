import type { DataSet } from '../../../standards/dicom/data-set.ts';
import { DicomWriteError, writeDataSet } from '../../../standards/dicom/data-set-writer.ts';
import { tags } from '../../../standards/dicom/tags.ts';
import { statuses } from '../../../standards/dimse/statuses.ts';
import type { DimseRequest } from '../../../transport/dicom/dimse-service.ts';

/**
 * Sends matches of a C-FIND as pending responses, at the pace of the peer, in the character set of the request.
 *
 * @returns false when the operation is over before its time: cancelled (and answered so), or the peer is gone
 */
export async function answerPending(request: DimseRequest, status: number, responses: readonly DataSet[], keys: DataSet): Promise<boolean> {
  const { association } = request;
  for (let at = 0; at < responses.length; at += BURST) {
    association.cork();
    try {
      for (const response of responses.slice(at, at + BURST)) {
        if (request.isCancelled || association.signal.aborted) break;
        const wait = request.respond({ status }, encode(response, keys, request.context.transferSyntax));
        // A turn of the event loop between responses: it is where a C-CANCEL comes in, and where other associations live.
        if (wait === undefined) await turn();
        else {
          association.uncork();
          await wait;
          association.cork();
        }
      }
    } finally {
      association.uncork();
    }
    if (association.signal.aborted) return false;
    if (!request.isCancelled) continue;
    finishMatches(request);
    return false;
  }
  return true;
}

/** Responses that leave in one write: a system call for each would cost more than the matches do. */
const BURST = 16;

/** The last response: success, or FE00 when the peer cancelled. */
export function finishMatches(request: DimseRequest): void {
  void request.respond({ status: request.isCancelled ? statuses.cancel : statuses.success });
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** In the character set the peer asked in, when that can say it; else in UTF-8 (PS3.4 §C.4.1.1.3.2 lets the SCP choose). */
function encode(response: DataSet, request: DataSet, transferSyntaxUid: string): Uint8Array {
  const asked = request.strings(tags.SpecificCharacterSet);
  const plain = [...response].every((element) => response.strings(element.tag).every((text) => /^[\x20-\x7e]*$/.test(text)));
  if (plain) return writeDataSet(response, transferSyntaxUid);
  try {
    if (asked.length > 0) return writeDataSet(response.with({ tag: tags.SpecificCharacterSet, vr: 'CS', value: asked }), transferSyntaxUid);
  } catch (thrown) {
    if (!(thrown instanceof DicomWriteError)) throw thrown;
  }
  return writeDataSet(response.with({ tag: tags.SpecificCharacterSet, vr: 'CS', value: ['ISO_IR 192'] }), transferSyntaxUid);
}
