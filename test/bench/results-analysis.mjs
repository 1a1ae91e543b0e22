/** An analysis of 300 axial slices of 512 × 512 with three nodules, each outlined by a block in every slice: more than any real run has. */
export async function positiveAnalysis(from) {
  const { concept } = await from('domain/codes/concepts.js');
  const { DataSet } = await from('standards/dicom/data-set.js');
  const { element } = await from('standards/dicom/element.js');
  const { tags } = await from('standards/dicom/tags.js');
  const ct = '1.2.840.10008.5.1.4.1.1.2';
  const [rows, columns] = [512, 512];
  const images = Array.from({ length: 300 }, (_, index) => ({ sopClassUid: ct, sopInstanceUid: `1.2.826.0.1.3680043.10.1.${index + 1}`, frame: null }));
  const header = (image, index) =>
    DataSet.of([
      element(tags.SOPClassUID, 'UI', ct), element(tags.SOPInstanceUID, 'UI', image.sopInstanceUid), element(tags.Modality, 'CS', 'CT'),
      element(tags.PatientName, 'PN', 'Bench^Mark'), element(tags.PatientID, 'LO', 'B-1'), element(tags.StudyDate, 'DA', '20260102'),
      element(tags.StudyInstanceUID, 'UI', '1.2.826.0.1.3680043.10.2'), element(tags.SeriesInstanceUID, 'UI', '1.2.826.0.1.3680043.10.3'),
      element(tags.FrameOfReferenceUID, 'UI', '1.2.826.0.1.3680043.10.4'), element(tags.ImagePositionPatient, 'DS', '-180', '-180', String(index)),
      element(tags.ImageOrientationPatient, 'DS', '1', '0', '0', '0', '1', '0'), element(tags.PixelSpacing, 'DS', '0.7', '0.7'),
      element(tags.SliceThickness, 'DS', '1'), element(tags.Rows, 'US', rows), element(tags.Columns, 'US', columns),
    ]);
  const block = (number) => {
    const mask = new Uint8Array(rows * columns);
    for (let row = 60 * number; row < 60 * number + 50; row++) mask.fill(1, row * columns + 100, row * columns + 150 + number);
    return mask;
  };
  const findings = [1, 2, 3].map((number) => ({
    trackingId: `nodule-${number}`, trackingUid: `2.25.${number}`, concept: concept('nodule'), category: concept('cat-morph-abnormal'),
    sites: [{ site: concept('lung'), laterality: null }], probability: 0.9, evaluations: [], segmentNumber: number, imageIndices: [100 * number - 1],
    measurements: [{ id: 'volume', concept: concept('volume'), value: 181, failure: null, unit: concept('unit-mm3'), derivation: null, method: null }],
    shapes: [{ kind: 'long-axis', points: [[0, 0, 10], [7, 0, 10]], imageIndex: 10 }],
  }));
  const segments = [1, 2, 3].map((number) => ({
    number, label: `Nodule ${number}`, category: concept('cat-morph-abnormal'), property: concept('seg-nodule'), anatomy: null,
    trackingId: `nodule-${number}`, trackingUid: `2.25.${number}`, color: [255, 80, 40], rows, columns,
    frames: images.map((_, imageIndex) => ({ imageIndex, mask: block(number) })),
  }));
  const analysis = {
    model: { id: 'bench', version: '1', name: 'Bench', manufacturer: 'isocenter project', digest: 'ab', deviceUid: '2.25.9', family: concept('family-artificial-intelligence'), parameters: [], regulatoryStatus: 'demonstration only', procedure: concept('proc-ct-chest') },
    outcome: 'findings', summary: '3 nodules.', findings, segments, studyEvaluations: [], studyMeasurements: [], targets: [], quality: [], urgency: { level: 'routine', reason: '' },
    source: { studyInstanceUid: '1.2.826.0.1.3680043.10.2', seriesInstanceUid: '1.2.826.0.1.3680043.10.3', modality: 'CT', frameOfReferenceUid: '1.2.826.0.1.3680043.10.4', images, inputDigest: 'cd' },
  };
  const context = {
    headers: new Map(images.map((image, index) => [image.sopInstanceUid, header(image, index)])),
    gateway: { manufacturer: 'isocenter project', modelName: 'isocenter', serialNumber: 'BENCH', softwareVersion: '0', deviceUid: '2.25.8', stationName: 'BENCH', institutionName: 'Bench' },
    times: { startedAt: new Date(0), finishedAt: new Date(1000), utcOffsetMinutes: 0 }, revision: 1, predecessor: null,
  };
  return { analysis, context };
}
