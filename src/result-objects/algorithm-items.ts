import { concept } from '../domain/codes/concepts.ts';
import type { ModelIdentity } from '../domain/findings.ts';
import { clipped } from './clipped.ts';
import { codeValue, textValue, uidValue } from './content-item.ts';
import type { ContentItem } from './content-item.ts';

/** TID 4019 Algorithm Identification, in full, as a group or a document carries it. Name and version equal the Contributing Equipment item. */
export function algorithmIdentification(model: ModelIdentity): readonly ContentItem[] {
  return [
    ...algorithmNameAndVersion(model),
    ...model.parameters.filter((parameter) => parameter.trim() !== '').map((parameter) => textValue('HAS CONCEPT MOD', concept('algorithm-parameters'), parameter)),
    codeValue('HAS CONCEPT MOD', concept('algorithm-family'), model.family),
    textValue('HAS CONCEPT MOD', concept('algorithm-manufacturer'), clipped(model.manufacturer, 64)),
  ];
}

/** The mandatory rows of TID 4019; a name without a version is an error to some readers. */
export function algorithmNameAndVersion(model: ModelIdentity): readonly ContentItem[] {
  return [
    textValue('HAS CONCEPT MOD', concept('algorithm-name'), clipped(model.name, 64)),
    textValue('HAS CONCEPT MOD', concept('algorithm-version'), clipped(model.version, 64)),
  ];
}

/** TID 1002 and 1004: the observer is the algorithm product, not the gateway that packages it (IHE AIR table 6.5.3.1-1). */
export function deviceObserver(model: ModelIdentity): readonly ContentItem[] {
  return [
    codeValue('HAS OBS CONTEXT', concept('observer-type'), concept('observer-type-device')),
    uidValue('HAS OBS CONTEXT', concept('device-observer-uid'), model.deviceUid),
    textValue('HAS OBS CONTEXT', concept('device-observer-name'), model.id),
    textValue('HAS OBS CONTEXT', concept('device-observer-manufacturer'), clipped(model.manufacturer, 64)),
    textValue('HAS OBS CONTEXT', concept('device-observer-model'), clipped(model.name, 64)),
  ];
}
