import { GatewayError } from '../../foundation/errors.ts';
import type { Database } from '../../store/database.ts';
import { deliveriesOfStudy, resultsOfStudy } from '../../store/overview.ts';
import type { Config } from '../config/load-config.ts';
import type { DemoEhr } from './demo-ehr.ts';
import type { DemoScreen } from './demo-screen.ts';

export interface DemoOutcome {
  readonly database: Database;
  readonly config: Config;
  /** Base of the HTTP listener, with a slash at the end. */
  readonly http: string;
  readonly studyInstanceUid: string;
  readonly ehr: DemoEhr;
}

/**
 * Asks the gateway, as a PACS and an EHR would, for what the run made, and prints where it lies.
 * Errors: DEMO_FAILED when SR, SEG or report cannot be found.
 */
export async function checkAnswers(outcome: DemoOutcome, screen: DemoScreen): Promise<void> {
  const { database, http, studyInstanceUid, config, ehr } = outcome;
  const study = `${http}dicom-web/studies/${studyInstanceUid}`;
  const series = (await getJson(`${study}/series`)) as { '00080060'?: { Value?: string[] } }[];
  const modalities = series.map((one) => one['00080060']?.Value?.[0] ?? '?');
  for (const wanted of ['CT', 'SR', 'SEG']) need(modalities.includes(wanted), `QIDO-RS finds no ${wanted} series in the study`);
  screen.line(`QIDO-RS   ${modalities.join(', ')} in ${study}/series`);
  for (const result of await resultsOfStudy(database, studyInstanceUid)) {
    if (result.sop_instance_uid === null) continue;
    screen.line(`result    ${result.role}: ${study}/series/${result.series_instance_uid}/instances/${result.sop_instance_uid}`);
  }
  const reports = (await getJson(`${http}fhir/R4/DiagnosticReport?study=${studyInstanceUid}`)) as { entry?: { resource: { id: string; result?: unknown[] } }[] };
  const report = reports.entry?.[0]?.resource;
  need(report !== undefined, 'the FHIR read API has no DiagnosticReport of the study');
  screen.line(`FHIR      ${http}fhir/R4/DiagnosticReport/${report?.id} with ${report?.result?.length ?? 0} results`);
  const deliveries = await deliveriesOfStudy(database, studyInstanceUid, 100);
  for (const destination of config.destinations) {
    const here = deliveries.filter((delivery) => delivery.destination === destination.name);
    need(here.length > 0, `nothing was sent to ${destination.name}`);
    const place = destination.kind === 'folder' ? `${destination.path}/${studyInstanceUid}` : 'url' in destination ? destination.url : destination.kind;
    screen.line(`delivered ${destination.name}: ${here.map((delivery) => delivery.object ?? '').join(', ')} to ${place}`);
  }
  screen.line(`EHR       took ${[...ehr.received()].map(([type, count]) => `${count} ${type}`).join(', ')}`);
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: { Accept: 'application/dicom+json, application/fhir+json, application/json' } });
  need(response.ok && response.status !== 204, `${url} answered ${response.status}`);
  return response.json();
}

function need(holds: boolean, otherwise: string): void {
  if (!holds) throw new GatewayError('DEMO_FAILED', otherwise, { failure: 'permanent' });
}
