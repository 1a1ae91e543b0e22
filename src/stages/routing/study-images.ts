import type { SeriesFacts } from '../../domain/rule.ts';
import type { DataSet } from '../../standards/dicom/data-set.ts';
import { tagOf } from '../../standards/dicom/dictionary.ts';
import type { Tx } from '../../store/database.ts';
import type { SegmentReader } from '../../store/segments/segment-reader.ts';
import { receivedImagesOfStudy, receivedSeriesOfStudy, sendersOfStudy, type ReceivedSeries, type StoredImage } from '../../store/study.ts';
import { readHeaders } from './read-headers.ts';

/** One series of a study, with the headers of all its images in the order of `images`. */
export interface SeriesImages {
  readonly facts: SeriesFacts;
  readonly images: readonly StoredImage[];
  readonly headers: readonly DataSet[];
}

/** Reads what rules and models ask of a study: the index rows of its received series and the header of every image. */
export async function loadStudyImages(tx: Tx, segments: SegmentReader, study: { readonly id: number; readonly study_instance_uid: string }): Promise<SeriesImages[]> {
  const [rows, images, senders] = await Promise.all([
    receivedSeriesOfStudy(tx, study.id),
    receivedImagesOfStudy(tx, study.id),
    sendersOfStudy(tx, study.study_instance_uid),
  ]);
  const loaded: SeriesImages[] = [];
  for (const row of rows) {
    const own = images.filter((image) => image.series_instance_uid === row.series_instance_uid);
    if (own.length === 0) continue;
    const headers = await readHeaders(segments, own);
    loaded.push({ facts: factsOf(row, headers[0]!, senders), images: own, headers });
  }
  return loaded;
}

function factsOf(row: ReceivedSeries, header: DataSet, senders: readonly string[]): SeriesFacts {
  return {
    seriesInstanceUid: row.series_instance_uid,
    modality: row.modality ?? '',
    bodyPart: row.body_part ?? '',
    seriesDescription: row.series_description ?? '',
    studyDescription: row.study_description ?? '',
    protocolName: row.protocol_name ?? '',
    callingAes: senders,
    attribute: (keyword) => {
      const tag = tagOf(keyword);
      const value = tag === undefined ? undefined : header.get(tag)?.value;
      return Array.isArray(value) && (typeof value[0] === 'string' || typeof value[0] === 'number') ? value.join('\\') : '';
    },
  };
}
