import type { DataSet } from '../standards/dicom/data-set.ts';
import { tags } from '../standards/dicom/tags.ts';
import type { VoiTable, VoiWindow } from './grey-pipeline.ts';
import { paletteOf, type PaletteTables } from './palette.ts';
import type { RenderingFacts } from './render-frame.ts';

/** RenderingFacts as plain data that can go to a worker. */
export interface PlainRenderingFacts extends Omit<RenderingFacts, 'palette'> {
  readonly palette: PaletteTables | undefined;
}

/**
 * Reads how the pixels of a frame are meant to be seen: Modality LUT, VOI LUT, palette, polarity. Multi-frame functional groups go
 * before the top level (PS3.3 §C.7.6.16).
 *
 * @param frame   1-based
 * @param window  goes before what the data set says
 */
export function renderingFactsOf(header: DataSet, frame: number, window?: VoiWindow): PlainRenderingFacts {
  const places = [header.items(tags.PerFrameFunctionalGroupsSequence)[frame - 1], header.items(tags.SharedFunctionalGroupsSequence)[0]].filter((group) => group !== undefined);
  const transform = places.flatMap((group) => group.items(tags.PixelValueTransformationSequence)[0] ?? [])[0] ?? header;
  const voi = places.flatMap((group) => group.items(tags.FrameVOILUTSequence)[0] ?? [])[0] ?? header;
  const slope = transform.number(tags.RescaleSlope);
  const photometric = header.string(tags.PhotometricInterpretation);
  return {
    modality: { slope: slope === undefined || slope === 0 ? 1 : slope, intercept: transform.number(tags.RescaleIntercept) ?? 0 },
    voi: window ?? windowOf(voi) ?? tableOf(voi),
    inverse: photometric === 'MONOCHROME1' || (photometric !== 'MONOCHROME2' && header.string(tags.PresentationLUTShape) === 'INVERSE'),
    palette: photometric === 'PALETTE COLOR' ? paletteOf(header) : undefined,
    padding: paddingOf(header),
  };
}

function windowOf(dataSet: DataSet): VoiWindow | undefined {
  const center = dataSet.number(tags.WindowCenter);
  const width = dataSet.number(tags.WindowWidth);
  if (center === undefined || width === undefined || width <= 0) return undefined;
  const said = dataSet.string(tags.VOILUTFunction);
  const shape = said === 'SIGMOID' ? 'sigmoid' : said === 'LINEAR_EXACT' || width < 1 ? 'linear-exact' : 'linear';
  return { center, width, function: shape };
}

/** First item of a VOI LUT Sequence, PS3.3 §C.11.2.1.1. */
function tableOf(dataSet: DataSet): VoiTable | undefined {
  const item = dataSet.items(tags.VOILUTSequence)[0];
  const descriptor = item?.numbers(tags.LUTDescriptor) ?? [];
  const value = item?.get(tags.LUTData)?.value;
  if (descriptor.length < 3 || value === undefined) return undefined;
  const numbers = value instanceof Uint8Array ? Uint16Array.from({ length: value.length >> 1 }, (_, i) => value[i * 2]! | (value[i * 2 + 1]! << 8)) : Uint16Array.from(item!.numbers(tags.LUTData));
  return numbers.length === 0 ? undefined : { first: descriptor[1]!, bits: Math.min(16, Math.max(1, descriptor[2]!)), values: numbers };
}

function paddingOf(header: DataSet): RenderingFacts['padding'] {
  const value = header.number(tags.PixelPaddingValue);
  if (value === undefined) return undefined;
  const limit = header.number(tags.PixelPaddingRangeLimit) ?? value;
  return { from: Math.min(value, limit), to: Math.max(value, limit) };
}
