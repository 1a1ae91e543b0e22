import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tags } from '../../standards/dicom/tags.ts';
import { readCode } from '../code-sequence.ts';
import { descendants } from '../content-item.ts';
import type { ContentItem } from '../content-item.ts';
import type { Report } from './fault.ts';
import { textOf } from './group-rules.ts';
import { conceptKey } from './item-rules.ts';

interface Algorithm {
  readonly manufacturer: string;
  readonly model: string;
  readonly version: string;
  readonly deviceUid: string;
}

/** Rules of each result object: equipment named, algorithm in Contributing Equipment (IHE AIR §6.5.3.1 G1–G6), Unicode declared. */
export function checkEquipment(dataSet: DataSet, report: Report): readonly Algorithm[] {
  for (const [keyword, tag] of [['Manufacturer', tags.Manufacturer], ['ManufacturerModelName', tags.ManufacturerModelName], ['DeviceSerialNumber', tags.DeviceSerialNumber], ['SoftwareVersions', tags.SoftwareVersions]] as const) {
    if ((dataSet.string(tag) ?? '') === '') report('equipment', keyword, 'is empty');
  }
  for (const [keyword, tag] of [['ContentDate', tags.ContentDate], ['ContentTime', tags.ContentTime], ['InstanceNumber', tags.InstanceNumber], ['SeriesNumber', tags.SeriesNumber], ['SeriesInstanceUID', tags.SeriesInstanceUID], ['SOPInstanceUID', tags.SOPInstanceUID], ['StudyInstanceUID', tags.StudyInstanceUID]] as const) {
    if ((dataSet.string(tag) ?? '') === '') report('header', keyword, 'is empty');
  }
  const items = dataSet.items(tags.ContributingEquipmentSequence).filter((item) => conceptKey(readCode(item.items(tags.PurposeOfReferenceCodeSequence)[0]) ?? null) === 'DCM 109102');
  if (items.length === 0) report('contributing-equipment', 'ContributingEquipmentSequence', 'names no algorithm (109102, DCM)');
  return items.map((item) => {
    const algorithm = {
      manufacturer: item.string(tags.Manufacturer) ?? '',
      model: item.string(tags.ManufacturerModelName) ?? '',
      version: item.string(tags.SoftwareVersions) ?? '',
      deviceUid: item.string(tags.DeviceUID) ?? '',
    };
    for (const [field, value] of Object.entries(algorithm)) if (value === '') report('contributing-equipment', 'ContributingEquipmentSequence', `${field} is empty`);
    return algorithm;
  });
}

/** What the tree says of observer and algorithm is in Contributing Equipment with the same values (IHE AIR G7, table 6.5.3.1-1). */
export function checkAlgorithmNames(root: ContentItem, algorithms: readonly Algorithm[], report: Report): void {
  if (algorithms.length === 0) return;
  const observer = textOf(root, 'DCM 121012');
  if (observer !== undefined && !algorithms.some(({ deviceUid }) => deviceUid === observer)) report('observer-equipment', '121012', 'observer UID is no Device UID of Contributing Equipment');
  const model = textOf(root, 'DCM 121015');
  if (model !== undefined && !algorithms.some((algorithm) => algorithm.model === model)) report('observer-equipment', '121015', 'observer model is not in Contributing Equipment');
  for (const item of descendants(root)) {
    const name = textOf(item, 'DCM 111001');
    const version = textOf(item, 'DCM 111003');
    if (name === undefined) continue;
    if (!algorithms.some((algorithm) => algorithm.model === name && algorithm.version === (version ?? ''))) report('algorithm-equipment', '111001', 'algorithm is not in Contributing Equipment');
  }
}
