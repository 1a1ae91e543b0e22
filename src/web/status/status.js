// The status page: reads /api, listens to /api/events, shows what the rows say. Text goes in as text nodes only, so that no
// name in a study can become markup.

const byId = (id) => document.getElementById(id);
const GOOD = new Set(['complete', 'done', 'delivered', 'proven']);
const BAD = new Set(['held', 'failed', 'dead', 'cancelled']);
let picked = new URLSearchParams(location.search).get('study');

function node(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = String(text);
  if (className) made.className = className;
  return made;
}

function state(word, more) {
  const kind = GOOD.has(word) ? 'good' : BAD.has(word) ? 'bad' : 'wait';
  return node('span', more ? `${word} ${more}` : word, `state ${kind}`);
}

function row(cells) {
  const made = node('tr');
  for (const cell of cells) {
    const td = cell instanceof Node ? node('td') : node('td', cell?.text ?? cell, cell?.className);
    if (cell instanceof Node) td.append(cell);
    made.append(td);
  }
  return made;
}

const time = (iso) => (iso ? new Date(iso).toLocaleTimeString([], { hour12: false }) : '');
// Person names come as Alphabetic=Ideographic=Phonetic groups with ^ between components (PS3.5 §6.2.1).
const personName = (name) => (name ?? '').split('=').map((group) => group.replaceAll('^', ' ').trim()).filter(Boolean).join(' · ');

async function read(path) {
  const response = await fetch(path, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`${response.status} ${(await response.json().catch(() => ({}))).message ?? ''}`);
  return response.json();
}

function showFlow(overview) {
  const stages = [
    ['images received', overview.instances_received],
    ['studies arriving', overview.studies_receiving, overview.studies_receiving > 0 && 'wait'],
    ['studies complete', overview.studies_complete],
    ['held or quarantined', overview.studies_held + overview.instances_quarantined, overview.studies_held + overview.instances_quarantined > 0 && 'bad'],
    ['AI runs waiting or running', overview.jobs_queued + overview.jobs_running, overview.jobs_queued + overview.jobs_running > 0 && 'wait'],
    ['AI runs done', overview.jobs_done],
    ['AI runs failed', overview.jobs_failed, overview.jobs_failed > 0 && 'bad'],
    ['deliveries waiting', overview.deliveries_pending + overview.deliveries_sending, overview.deliveries_pending > 0 && 'wait'],
    ['delivered', overview.deliveries_delivered + overview.deliveries_proven],
    ['dead letters', overview.deliveries_dead, overview.deliveries_dead > 0 && 'bad'],
  ];
  byId('version').textContent = overview.version;
  byId('flow').replaceChildren(...stages.map(([label, count, kind]) => {
    const item = node('li', undefined, kind || '');
    item.append(node('b', count), node('span', label));
    return item;
  }));
}

function showAlerts(alerts) {
  byId('alerts-section').hidden = alerts.length === 0;
  byId('alerts').replaceChildren(...alerts.map((alert) => {
    const item = node('li');
    item.append(node('span', `${alert.message}${alert.occurrences > 1 ? ` (${alert.occurrences} times)` : ''}`, 'state bad'), node('p', `${time(alert.raised_at)} · ${alert.advice}`));
    return item;
  }));
}

function showStudies(studies) {
  byId('empty').hidden = studies.length > 0;
  byId('studies').replaceChildren(...studies.map((study) => {
    const runs = node('span');
    for (const job of study.jobs) {
      const progress = job.state === 'running' ? `${Math.round(job.progress * 100)} % ${job.note ?? ''}` : (job.summary ?? '');
      runs.append(node('div', `${job.model} `), state(job.state, progress));
    }
    const deliveries = node('span');
    for (const [word, count] of Object.entries(study.deliveries)) deliveries.append(state(word, `× ${count}`), document.createElement('br'));
    const made = row([
      `${personName(study.patient_name)}  ${study.patient_id ?? ''}`,
      `${study.study_date ?? ''} ${study.modalities.join('/')} ${study.study_description ?? ''}`,
      { text: study.instance_count, className: 'num' },
      state(study.state, study.hold_reason ?? ''),
      runs, deliveries, time(study.last_received_at),
    ]);
    made.className = 'pick';
    made.tabIndex = 0;
    const pick = () => choose(study.study_instance_uid);
    made.addEventListener('click', pick);
    made.addEventListener('keydown', (event) => event.key === 'Enter' && pick());
    return made;
  }));
}

function choose(uid) {
  picked = uid;
  history.replaceState(null, '', `?study=${encodeURIComponent(uid)}`);
  void refresh();
}

function showDetail(study) {
  byId('detail').hidden = false;
  byId('detail-uid').textContent = `${personName(study.patient_name)} · ${study.study_instance_uid}`;
  const start = study.hops.length > 0 ? new Date(study.hops[0].at).getTime() : 0;
  byId('hops').replaceChildren(...study.hops.map((hop) => row([
    hop.hop, hop.event, time(hop.at), { text: `+${((new Date(hop.at).getTime() - start) / 1000).toFixed(3)} s`, className: 'num' }, { text: evidence(hop), className: 'evidence' },
  ])));
  byId('results').replaceChildren(...study.results.map((result) => row([result.role, { text: result.sop_instance_uid ?? '', className: 'uid' }, { text: result.length, className: 'num' }])));
  byId('deliveries').replaceChildren(...study.deliveryList.map((delivery) => row([
    `${delivery.destination} (${delivery.kind})`, delivery.object, state(delivery.state), { text: delivery.attempts, className: 'num' }, delivery.waiting_for ?? delivery.rung_reason ?? '',
  ])));
  byId('rules').replaceChildren(...study.decisions.map((decision) => {
    const models = (decision.decision.models ?? []).map((model) => `${model.modelId}: ${model.reason}`).join('; ');
    return node('li', `${decision.rule} (revision ${decision.revision}): ${decision.matched ? `holds. ${models}` : 'does not hold'}`);
  }));
}

function evidence(hop) {
  const facts = Object.entries(hop.detail ?? {}).map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return [hop.subject, ...facts].filter(Boolean).join(' · ').slice(0, 300);
}

let refreshing = false;
let again = false;
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const [overview, alerts, studies] = await Promise.all([read('api/overview'), read('api/alerts'), read('api/studies?limit=100')]);
    showFlow(overview);
    showAlerts(alerts);
    showStudies(studies);
    if (picked) showDetail(await read(`api/studies/${encodeURIComponent(picked)}`));
    live(true, `live · ${new Date().toLocaleTimeString([], { hour12: false })}`);
  } catch (error) {
    live(false, `no answer from the gateway (${error.message}); what you see is old`);
  }
  refreshing = false;
  if (again) {
    again = false;
    setTimeout(() => void refresh(), 200);
  }
}

function live(on, text) {
  byId('live').className = on ? 'on' : 'off';
  byId('live').textContent = text;
}

const events = new EventSource('api/events');
events.addEventListener('study', () => void refresh());
events.addEventListener('error', () => live(false, 'the event stream is cut; trying again'));
events.addEventListener('open', () => void refresh());
setInterval(() => void refresh(), 5000);
void refresh();
