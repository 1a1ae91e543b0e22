import type { DataSet } from '../standards/dicom/data-set.ts';
import { displayName } from '../standards/dicom/person-name.ts';
import { tags } from '../standards/dicom/tags.ts';

const MAX_DEPTH = 64;
const MAX_ITEMS = 20_000;

/** A Structured Report (PS3.3 §A.35, §C.17.3) or Key Object Selection as a self-contained HTML page that people can read. Every text is escaped. */
export function reportHtml(report: DataSet): string {
  const title = meaning(report, tags.ConceptNameCodeSequence) || 'Structured Report';
  const budget = { left: MAX_ITEMS };
  const facts: readonly (readonly [string, string])[] = [
    ['Patient', [displayName(report.string(tags.PatientName) ?? ''), report.string(tags.PatientID) ?? ''].filter((text) => text !== '').join(', ')],
    ['Study', [date(report.string(tags.StudyDate)), report.string(tags.StudyDescription) ?? '', report.string(tags.AccessionNumber) ?? ''].filter((text) => text !== '').join(', ')],
    ['Made', [date(report.string(tags.ContentDate)), report.string(tags.Manufacturer) ?? ''].filter((text) => text !== '').join(', ')],
    ['State', [report.string(tags.CompletionFlag) ?? '', report.string(tags.VerificationFlag) ?? ''].filter((text) => text !== '').join(', ')],
  ];
  const head = facts.filter(([, text]) => text !== '').map(([name, text]) => `<dt>${escape(name)}</dt><dd>${escape(text)}</dd>`).join('');
  const style = 'body{font:1rem/1.45 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}dt{font-weight:600}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}ul{padding-left:1.2rem}small{color:#555}';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title><style>${style}</style></head><body><h1>${escape(title)}</h1><dl>${head}</dl>${children(report, 0, budget)}</body></html>`;
}

function children(item: DataSet, depth: number, budget: { left: number }): string {
  const items = item.items(tags.ContentSequence);
  if (items.length === 0) return '';
  if (depth > MAX_DEPTH || budget.left <= 0) return '<p>…</p>';
  return `<ul>${items.map((child) => contentItem(child, depth + 1, budget)).join('')}</ul>`;
}

function contentItem(item: DataSet, depth: number, budget: { left: number }): string {
  budget.left -= 1;
  if (budget.left < 0) return '';
  const name = meaning(item, tags.ConceptNameCodeSequence);
  const value = valueText(item);
  const label = name === '' ? '' : `<b>${escape(name)}</b>${value === '' ? '' : ': '}`;
  return `<li>${label}${escape(value).replaceAll('\n', '<br>')}${children(item, depth, budget)}</li>`;
}

function valueText(item: DataSet): string {
  switch (item.string(tags.ValueType) ?? '') {
    case 'TEXT': return item.string(tags.TextValue) ?? '';
    case 'CODE': return meaning(item, tags.ConceptCodeSequence);
    case 'NUM': return measured(item);
    case 'PNAME': return displayName(item.string(tags.PersonName) ?? '');
    case 'DATE': return date(item.string(tags.Date));
    case 'TIME': return item.string(tags.Time) ?? '';
    case 'DATETIME': return item.string(tags.DateTime) ?? '';
    case 'UIDREF': return item.string(tags.UID) ?? '';
    case 'IMAGE': case 'COMPOSITE': case 'WAVEFORM': return referenced(item);
    case 'SCOORD': case 'SCOORD3D': return `${item.string(tags.GraphicType) ?? ''} ${item.numbers(tags.GraphicData).slice(0, 12).map((n) => Number(n.toFixed(2))).join(', ')}`;
    default: return '';
  }
}

function measured(item: DataSet): string {
  const value = item.items(tags.MeasuredValueSequence)[0];
  if (value === undefined) return 'no value';
  const unit = value.items(tags.MeasurementUnitsCodeSequence)[0];
  const code = unit?.string(tags.CodeValue) ?? '';
  return `${value.string(tags.NumericValue) ?? ''} ${code === '1' ? '' : code.startsWith('{') ? (unit?.string(tags.CodeMeaning) ?? '') : code}`.trim();
}

function referenced(item: DataSet): string {
  return item.items(tags.ReferencedSOPSequence).map((reference) => {
    const frames = reference.strings(tags.ReferencedFrameNumber);
    return `${reference.string(tags.ReferencedSOPInstanceUID) ?? ''}${frames.length > 0 ? ` frame ${frames.join(', ')}` : ''}`;
  }).join(', ');
}

function meaning(item: DataSet, tag: number): string {
  const code = item.items(tag)[0];
  return code?.string(tags.CodeMeaning) ?? code?.string(tags.CodeValue) ?? '';
}

function date(text: string | undefined): string {
  return text === undefined ? '' : text.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
