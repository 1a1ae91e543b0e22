import { matchesByWord } from './text-match.ts';

/** One entry of `rules` in isocenter.yaml. First match wins per model. */
export interface Rule {
  readonly name: string;
  readonly when: RuleCondition;
  /** Model ids; none = keep only. */
  readonly run: readonly string[];
  /** Where results go. */
  readonly deliver: readonly string[];
  /** Where the received originals go. */
  readonly forward: readonly string[];
  /** What a late image does: a new revision that supersedes, nothing, or a held job until a person decides. */
  readonly late: 'supersede' | 'ignore' | 'ask';
  /** Higher runs first. */
  readonly priority: number;
}

/** Every key given must hold; within a key one of the values must. An empty condition holds for everything. */
export interface RuleCondition {
  readonly modality?: readonly string[];
  /** By word against Body Part Examined, and against the descriptions when that is empty. */
  readonly bodyPart?: readonly string[];
  readonly seriesDescription?: readonly string[];
  readonly studyDescription?: readonly string[];
  readonly callingAe?: readonly string[];
  /** Any element by keyword, for example `Manufacturer: [SIEMENS]`; by word. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

/** What a rule may ask of one series with its study. */
export interface SeriesFacts {
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly bodyPart: string;
  readonly seriesDescription: string;
  readonly studyDescription: string;
  readonly protocolName: string;
  readonly callingAes: readonly string[];
  /** Text of any top-level element of one image of the series, '' when absent. */
  readonly attribute: (keyword: string) => string;
}

export interface SeriesVerdict {
  readonly seriesInstanceUid: string;
  readonly holds: boolean;
  /** What did not hold, a sentence each; empty when the rule holds. */
  readonly reasons: readonly string[];
}

/** Asks a rule's condition of one series. */
export function askRule(condition: RuleCondition, series: SeriesFacts): SeriesVerdict {
  const reasons = [
    ask('Modality', condition.modality, [series.modality], equalText),
    ask('body part', condition.bodyPart, bodyPartTexts(series), matchesByWord),
    ask('Series Description', condition.seriesDescription, [series.seriesDescription], matchesByWord),
    ask('Study Description', condition.studyDescription, [series.studyDescription], matchesByWord),
    ask('calling AE', condition.callingAe, series.callingAes, equalText),
    ...Object.entries(condition.attributes ?? {}).map(([keyword, wanted]) => ask(keyword, wanted, [series.attribute(keyword)], matchesByWord)),
  ].filter((reason) => reason !== undefined);
  return { seriesInstanceUid: series.seriesInstanceUid, holds: reasons.length === 0, reasons };
}

/** Body Part Examined is type 3 and often empty or vague: the descriptions speak when it is silent. */
function bodyPartTexts(series: SeriesFacts): readonly string[] {
  return series.bodyPart === '' ? [series.seriesDescription, series.protocolName, series.studyDescription] : [series.bodyPart];
}

function equalText(text: string, wanted: string): boolean {
  return text.trim().toUpperCase() === wanted.trim().toUpperCase();
}

function ask(what: string, wanted: readonly string[] | undefined, texts: readonly string[], matches: (text: string, wanted: string) => boolean): string | undefined {
  if (wanted === undefined || texts.some((text) => wanted.some((one) => matches(text, one)))) return undefined;
  const seen = texts.filter((text) => text !== '').map((text) => `"${text}"`).join(', ');
  return `${what} ${seen === '' ? 'is empty' : seen} is none of ${wanted.join(', ')}`;
}
