import { judgeSeries, selectSeries, type EligibilityRules } from '../domain/eligibility.ts';
import type { SeriesChoice } from '../domain/routing-plan.ts';
import type { DataSet } from '../standards/dicom/data-set.ts';
import { seriesTraits } from './series-traits.ts';

/**
 * Asks a model's eligibility of every series of a study and picks those to run on.
 *
 * @param series  headers of the images of each series (pixel data not needed); empty lists are passed over
 */
export function chooseSeries(rules: EligibilityRules, series: readonly (readonly DataSet[])[]): SeriesChoice {
  const traits = series.filter((images) => images.length > 0).map(seriesTraits);
  const verdicts = traits.map((one) => judgeSeries(rules, one));
  const eligible = traits.filter((_, index) => verdicts[index]!.eligible);
  return { chosen: selectSeries(rules, eligible), series: verdicts };
}
