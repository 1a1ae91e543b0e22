import { commandFields } from '../../standards/dimse/command.ts';
import { statuses } from '../../standards/dimse/statuses.ts';
import { preferSendersBytes } from '../../standards/upper-layer/negotiation.ts';
import type { DimseService } from '../../transport/dicom/dimse-service.ts';

/** Verification SOP class, PS3.4 Annex A. */
export const verificationSopClass = '1.2.840.10008.1.1';

/** Answers C-ECHO, PS3.7 §9.1.5. */
export const verificationScp: DimseService = {
  name: 'verification',
  commands: [commandFields.cEchoRq],
  serves: (abstractSyntax) => abstractSyntax === verificationSopClass,
  // There is no data set, so any standard syntax will do.
  chooseTransferSyntax: (proposed) => preferSendersBytes(proposed, (uid) => uid.startsWith('1.2.840.10008.1.2')),
  handle(request) {
    void request.respond({ status: statuses.success });
    return undefined;
  },
};
