import { concept } from '../domain/codes/concepts.ts';
import type { Evaluation, Measurement, ModelIdentity } from '../domain/findings.ts';
import { decimalString } from '../standards/dicom/element.ts';
import { algorithmNameAndVersion } from './algorithm-items.ts';
import { codeValue, textValue } from './content-item.ts';
import type { ContentItem, NumItem } from './content-item.ts';

/** A model's probability as a number without unit, 0–1, four decimals. */
export function probabilityMeasurement(probability: number): Measurement {
  return {
    id: 'probability',
    concept: concept('probability'),
    value: Math.round(probability * 10_000) / 10_000,
    failure: null,
    unit: concept('unit-none'),
    derivation: null,
    method: null,
  };
}

/**
 * NUM of one measurement (TID 300, 1419). One that could not be made has no value and says why (CID 42). One without method and derivation
 * names the algorithm: viewers read the first child of a NUM without looking whether there is one.
 */
export function measurementItem(measurement: Measurement, model: ModelIdentity, observationUid: string): NumItem {
  const modifiers: readonly ContentItem[] = [
    ...(measurement.derivation === null ? [] : [codeValue('HAS CONCEPT MOD', concept('derivation'), measurement.derivation)]),
    ...(measurement.method === null ? [] : [codeValue('HAS CONCEPT MOD', concept('measurement-method'), measurement.method)]),
  ];
  const measured = measurement.value !== null && Number.isFinite(measurement.value);
  return {
    valueType: 'NUM',
    relationship: 'CONTAINS',
    concept: measurement.concept,
    value: measured ? decimalString(measurement.value ?? 0) : null,
    unit: measured ? measurement.unit : null,
    qualifier: measured ? null : (measurement.failure ?? concept('num-failure')),
    observationUid,
    children: modifiers.length > 0 ? modifiers : algorithmNameAndVersion(model),
  };
}

/** A coded or textual statement, TID 1501 and 1500; none for a blank text, which is no legal item. */
export function evaluationItems(evaluation: Evaluation, observationUid: string): readonly ContentItem[] {
  if (typeof evaluation.value === 'string' && evaluation.value.trim() === '') return [];
  const item = typeof evaluation.value === 'string'
    ? textValue('CONTAINS', evaluation.concept, evaluation.value, { observationUid })
    : codeValue('CONTAINS', evaluation.concept, evaluation.value, { observationUid });
  return [item];
}
