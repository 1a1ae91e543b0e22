import type { Alert } from '../../store/alert.ts';
import type { QuarantineReason } from '../../store/quarantine.ts';
import type { ArrivedRecord } from './decide-batch.ts';

interface Wording {
  readonly kind: string;
  readonly severity: Alert['severity'];
  readonly message: string;
  readonly advice: string;
}

const wordings: Readonly<Record<QuarantineReason, Wording>> = {
  'duplicate-other-content': {
    kind: 'DUPLICATE_OTHER_CONTENT', severity: 'warning', message: 'an image came again under a known SOP Instance UID, with other content',
    advice: 'the first copy is served, the second is kept in quarantine; ask the sender which one is right, then release or discard it',
  },
  'patient-conflict': {
    kind: 'PATIENT_CONFLICT', severity: 'critical', message: 'images of another patient came under the UID of this study',
    advice: 'the study is held and no model runs on it; find out at the modality whose images they are, then release or discard them',
  },
  'uid-mismatch': {
    kind: 'UID_MISMATCH', severity: 'warning', message: 'an image does not carry the UIDs it was announced with, or claims a series of another study',
    advice: 'the image is kept in quarantine; have the sender checked, it breaks PS3.4 Annex B',
  },
  'class-mismatch': {
    kind: 'CLASS_MISMATCH', severity: 'warning', message: 'an image has another SOP class than it was announced with',
    advice: 'the image is kept in quarantine; have the sender checked, it breaks PS3.4 Annex B',
  },
  'missing-uid': {
    kind: 'MISSING_UID', severity: 'warning', message: 'an image lacks its SOP, series or study UID',
    advice: 'the image is kept in quarantine; have the sender checked',
  },
  'cannot-understand': {
    kind: 'CANNOT_UNDERSTAND', severity: 'warning', message: 'a data set does not parse',
    advice: 'its bytes are kept in quarantine; have the sender checked',
  },
  truncated: {
    kind: 'TRUNCATED', severity: 'warning', message: 'a data set ends inside an element',
    advice: 'its bytes are kept in quarantine; have it sent again, and the sender checked',
  },
  'order-conflict': {
    kind: 'ORDER_CONFLICT', severity: 'critical', message: 'images do not match the order they claim',
    advice: 'the study is held; find out at the modality whose images they are, then release or discard them',
  },
};

/** One open alert per reason and study (or sender, when the study is unknown); repeats count up. */
export function alertOf(reason: QuarantineReason, arrived: ArrivedRecord, at: Date): Alert {
  const { record, header } = arrived;
  const study = header.study.studyInstanceUid;
  return { ...wordings[reason], dedupeKey: `${reason}:${study ?? record.callingAe}`, studyInstanceUid: study, detail: { sopInstanceUid: header.sopInstanceUid, callingAe: record.callingAe, group: record.groupId }, at };
}
