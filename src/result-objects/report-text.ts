import type { ReportDocument } from './report-document.ts';

/** The report as plain text, lines ended by LF; the disclosure is the first line. */
export function reportText(report: ReportDocument): string {
  const lines = [report.disclosure, '', report.title, ...report.facts.map(([label, value]) => `${label}: ${value}`)];
  for (const section of report.sections) lines.push('', section.heading.toUpperCase(), ...section.lines);
  return `${lines.join('\n')}\n`;
}

/** Findings and summary alone, for a conclusion field: no patient facts, the disclosure first. */
export function conclusionText(report: ReportDocument): string {
  const chosen = report.sections.filter((section) => section.heading === 'Summary' || section.heading === 'Findings');
  return [report.disclosure, ...chosen.flatMap((section) => section.lines)].join('\n');
}

/** A complete HTML document, no scripts, no outside references: fit for `text/html` in presentedForm. */
export function reportHtml(report: ReportDocument): string {
  const style = 'body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#111}.ai{border-left:4px solid #b45309;padding:.4em .8em;background:#fff7ed}h1{font-size:1.5em}h2{font-size:1.1em;margin:1.2em 0 .3em}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15em 1.2em}dt{font-weight:600}dd{margin:0}ul{margin:0;padding-left:1.2em}li{margin:.2em 0}';
  return `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/><title>${escapeHtml(report.title)}</title><style>${style}</style></head><body>${content(report)}</body></html>\n`;
}

/** The same as the XHTML fragment of a FHIR narrative (no style, no script; FHIR R4 narrative rules txt-1). */
export function reportNarrative(report: ReportDocument): string {
  return `<div xmlns="http://www.w3.org/1999/xhtml">${content(report)}</div>`;
}

function content(report: ReportDocument): string {
  const facts = report.facts.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`).join('');
  const sections = report.sections.map(
    ({ heading, lines }) => `<h2>${escapeHtml(heading)}</h2><ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`,
  );
  return `<p class="ai"><b>${escapeHtml(report.disclosure)}</b></p><h1>${escapeHtml(report.title)}</h1><dl>${facts}</dl>${sections.join('')}`;
}

function escapeHtml(text: string): string {
  // Control characters are not allowed in XML 1.0 at all.
  // eslint-disable-next-line no-control-regex
  const legal = text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '');
  return legal.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
