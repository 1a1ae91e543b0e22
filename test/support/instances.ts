import { DataSet, type Element } from '../../src/standards/dicom/data-set.ts';
import { element } from '../../src/standards/dicom/element.ts';
import { writeDataSet } from '../../src/standards/dicom/data-set-writer.ts';
import { tags } from '../../src/standards/dicom/tags.ts';
import { explicitLittleEndian } from '../../src/standards/dicom/transfer-syntaxes.ts';
import { sampleBytes } from './segments.ts';

export const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';

export interface SampleInstance {
  readonly study?: string;
  readonly series?: string;
  readonly sop?: string;
  readonly patientId?: string;
  /** Bytes of pixel data, even. */
  readonly pixelBytes?: number;
  readonly seed?: number;
  readonly more?: readonly Element[];
}

/** A small CT data set, Explicit VR Little Endian, without preamble and file meta. */
export function sampleDataSet(sample: SampleInstance = {}): Buffer {
  const { study = '2.25.100', series = `${study}.1`, sop = `${series}.1`, patientId = 'P1', pixelBytes = 2_000, seed = 1 } = sample;
  const dataSet = DataSet.of([
    element(tags.SOPClassUID, 'UI', ctImageStorage),
    element(tags.SOPInstanceUID, 'UI', sop),
    element(tags.StudyDate, 'DA', '20261121'),
    element(tags.AccessionNumber, 'SH', 'ACC1'),
    element(tags.Modality, 'CS', 'CT'),
    element(tags.PatientName, 'PN', 'Roe^Jane'),
    element(tags.PatientID, 'LO', patientId),
    element(tags.BodyPartExamined, 'CS', 'CHEST'),
    element(tags.StudyInstanceUID, 'UI', study),
    element(tags.SeriesInstanceUID, 'UI', series),
    element(tags.InstanceNumber, 'IS', '1'),
    ...(sample.more ?? []),
    { tag: tags.PixelData, vr: 'OW', value: sampleBytes(pixelBytes, seed) },
  ]);
  return Buffer.from(writeDataSet(dataSet, explicitLittleEndian));
}
