import { createHash } from 'node:crypto';
import type { Analysis, Finding } from '../domain/findings.ts';
import { drawKeyImage } from './drawing/key-image.ts';
import type { KeyImage } from './drawing/key-image.ts';
import type { Rgb } from './drawing/canvas.ts';
import { page, PdfPages } from './drawing/pdf-pages.ts';
import { analysisHeader } from './common-modules.ts';
import { dicomMoment, offsetMinutes, offsetText } from './dicom-time.ts';
import { findingCells, reportDocument } from './report-document.ts';
import type { PicturedRequest } from './secondary-capture.ts';

const black: Rgb = [17, 17, 17];
const grey: Rgb = [95, 95, 95];
const rule: Rgb = [190, 190, 190];
const warningInk: Rgb = [124, 45, 18];
const warningPaper: Rgb = [255, 237, 213];

/** Pixels across a key image on paper: twice the points it is printed at. */
const pictureWidth = 460;

/**
 * The report as PDF: disclosure, patient and study, summary, a table of the findings, key images with the findings drawn in, limits. Fonts are
 * embedded; the same request gives the same bytes.
 */
export function reportPdf({ analysis, context, identity, typeface, images }: PicturedRequest): Buffer {
  const report = reportDocument(analysis, context);
  const pages = new PdfPages(typeface, report.disclosure);
  pages.notice(report.disclosure, 9.5, warningInk, warningPaper);
  pages.space(8);
  pages.paragraph(report.title, { size: 17, colour: black, left: page.margin });
  pages.space(4);
  for (const [label, value] of report.facts) pages.row([{ text: label, left: page.margin, width: 104 }, { text: value, left: page.margin + 110, width: 370 }], 10, black);
  for (const { heading, lines } of report.sections) {
    pages.space(8);
    pages.paragraph(heading, { size: 12.5, colour: black, left: page.margin });
    pages.rule(rule);
    if (heading === 'Findings' && analysis.findings.length > 0) findingTable(pages, analysis);
    const said = heading === 'Findings' ? lines.slice(analysis.findings.length) : lines;
    for (const line of said) pages.paragraph(line, { size: 10, colour: black, left: page.margin });
    if (heading === 'Findings') keyImages(pages, images, { analysis, context, typeface });
  }
  const minutes = offsetMinutes(analysisHeader(analysis, context), context.times);
  const { date, time } = dicomMoment(context.times.finishedAt, minutes);
  const zone = offsetText(minutes);
  return pages.bytes({
    title: report.title,
    creator: `${context.gateway.modelName} ${context.gateway.softwareVersion}`,
    createdAt: `D:${date}${time.slice(0, 6)}${zone.slice(0, 3)}'${zone.slice(3)}'`,
    id: createHash('sha256').update(identity.sopInstanceUid).digest('hex').slice(0, 32),
  });
}

const columns = [
  { heading: 'Finding', left: 0, width: 150 },
  { heading: 'Measurements', left: 156, width: 150 },
  { heading: 'Attributes', left: 312, width: 96 },
  { heading: 'Probability', left: 414, width: 68 },
] as const;

function findingTable(pages: PdfPages, analysis: Analysis): void {
  const cells = (texts: readonly string[]) => texts.map((text, index) => ({ text, left: page.margin + columns[index]!.left, width: columns[index]!.width }));
  pages.row(cells(columns.map(({ heading }) => heading)), 9, grey);
  for (const finding of analysis.findings) {
    pages.row(cells(rowOf(finding)), 9.5, black);
    pages.rule(rule);
  }
}

function rowOf(finding: Finding): readonly string[] {
  const { what, measurements, attributes, probability } = findingCells(finding);
  return [`${finding.trackingId}: ${what}`, measurements.join('; '), attributes.join('; '), probability];
}

function keyImages(pages: PdfPages, images: readonly KeyImage[], drawn: Parameters<typeof drawKeyImage>[1]): void {
  if (images.length > 0) pages.space(8);
  for (let start = 0; start < images.length; start += 2) {
    const pair = images.slice(start, start + 2).map((image) => ({
      picture: drawKeyImage(image, drawn, pictureWidth, pictureWidth),
      caption: `Image ${image.imageIndex + 1} of ${drawn.analysis.source.images.length}`,
    }));
    pages.pictures(pair, pictureWidth / 2, pictureWidth / 2);
  }
}
