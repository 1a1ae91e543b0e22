import type { Element } from '../standards/dicom/data-set.ts';
import { element } from '../standards/dicom/element.ts';
import { tags } from '../standards/dicom/tags.ts';

export interface ProjectionImage {
  readonly rows: number;
  readonly columns: number;
  /** 12 bits stored in 16, row-major. */
  readonly pixels: Uint16Array;
  readonly windowCenter: number;
  readonly windowWidth: number;
}

/** What every digital X-ray image For Presentation of the phantoms says of its pixels: PS3.3 §C.8.11.3 (DX Image), §C.7.6.3 (Image Pixel). */
export function projectionImage(image: ProjectionImage): Element[] {
  const { rows, columns, pixels, windowCenter, windowWidth } = image;
  return [
    element(tags.BurnedInAnnotation, 'CS', 'NO'),
    element(tags.LossyImageCompression, 'CS', '00'),
    element(tags.PresentationLUTShape, 'CS', 'IDENTITY'),
    element(tags.PixelIntensityRelationship, 'CS', 'LOG'),
    element(tags.PixelIntensityRelationshipSign, 'SS', -1),
    element(tags.RescaleIntercept, 'DS', 0),
    element(tags.RescaleSlope, 'DS', 1),
    element(tags.RescaleType, 'LO', 'US'),
    element(tags.WindowCenter, 'DS', windowCenter),
    element(tags.WindowWidth, 'DS', windowWidth),
    element(tags.AcquisitionContextSequence, 'SQ'),
    element(tags.SamplesPerPixel, 'US', 1),
    element(tags.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    element(tags.Rows, 'US', rows),
    element(tags.Columns, 'US', columns),
    element(tags.BitsAllocated, 'US', 16),
    element(tags.BitsStored, 'US', 12),
    element(tags.HighBit, 'US', 11),
    element(tags.PixelRepresentation, 'US', 0),
    element(tags.PixelData, 'OW', new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)),
  ];
}
