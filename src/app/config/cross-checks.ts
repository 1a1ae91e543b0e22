import { isIP } from 'node:net';
import type { ConfigFile } from './schema.ts';
import type { ConfigPath } from './yaml-source.ts';

export interface CrossFault {
  readonly path: ConfigPath;
  readonly message: string;
}

/** What no single key can say: names that must exist or be unique, and the security rules. Empty when all holds. */
export function crossChecks(config: ConfigFile): CrossFault[] {
  return [...namesThatMeanSomething(config), ...uniqueNames(config), ...destinationsThatFit(config), ...(config.insecure ? [] : securityRules(config))];
}

function namesThatMeanSomething(config: ConfigFile): CrossFault[] {
  const known = new Set(config.destinations.map((destination) => destination.name));
  return config.rules.flatMap((rule, index) =>
    (['deliver', 'forward'] as const).flatMap((key) =>
      rule[key].flatMap((name, position) =>
        known.has(name) ? [] : [{ path: ['rules', index, key, position], message: `names no destination; there ${known.size === 0 ? 'are none' : `is ${[...known].join(', ')}`}` }],
      ),
    ),
  );
}

function uniqueNames(config: ConfigFile): CrossFault[] {
  const lists = [
    { key: 'destinations', names: config.destinations.map((entry) => entry.name), what: 'name' },
    { key: 'rules', names: config.rules.map((entry) => entry.name), what: 'name' },
  ];
  return lists.flatMap(({ key, names, what }) =>
    names.flatMap((name, index) => (names.indexOf(name) < index ? [{ path: [key, index, what], message: `${name} is there twice` }] : [])),
  );
}

function destinationsThatFit(config: ConfigFile): CrossFault[] {
  const peers = config.dimse.peers.map((peer) => peer.aeTitle);
  const faults: CrossFault[] = config.destinations.flatMap((destination, index) => {
    if (destination.kind !== 'dimse-store' || peers.includes(destination.peer)) return [];
    return [{ path: ['destinations', index, 'peer'], message: 'names none of dimse.peers' }];
  });
  if (config.storage.kind === 's3') {
    for (const key of ['endpoint', 'bucket'] as const) {
      if (config.storage[key] === undefined) faults.push({ path: ['storage'], message: `kind s3 needs ${key}` });
    }
  }
  if (config.completeness.maxWaitSeconds < config.completeness.quietSeconds) {
    faults.push({ path: ['completeness', 'maxWaitSeconds'], message: 'must not be smaller than quietSeconds' });
  }
  return faults;
}

const WAY_OUT = 'or write insecure: true';

/** Nothing beyond loopback without TLS or an allow-list, nor without authentication. */
function securityRules(config: ConfigFile): CrossFault[] {
  const faults: CrossFault[] = [];
  const { dimse, http, hl7 } = config;
  if ([dimse, ...dimse.listeners].some((place) => !isLoopback(place.host)) && dimse.acceptUnknownCallers) {
    faults.push({ path: ['dimse', 'acceptUnknownCallers'], message: `the DICOM listener is open beyond this machine and accepts unknown callers: set acceptUnknownCallers: false and list the peers, ${WAY_OUT}` });
  }
  const openHttp = [http, ...http.listeners].filter((place) => !isLoopback(place.host));
  if (openHttp.some((place) => place.tls === undefined)) {
    faults.push({ path: ['http', 'host'], message: `HTTP is open beyond this machine without TLS: set http.tls, ${WAY_OUT}` });
  }
  if (openHttp.length > 0 && !http.auth.required) {
    faults.push({ path: ['http', 'auth', 'required'], message: `HTTP is open beyond this machine without a login: set http.auth.required: true, ${WAY_OUT}` });
  }
  if ([hl7, ...hl7.listeners].some((place) => !isLoopback(place.host) && place.tls === undefined)) {
    faults.push({ path: ['hl7', 'host'], message: `the HL7 listener is open beyond this machine without TLS: set hl7.tls, ${WAY_OUT}` });
  }
  return faults;
}

/** 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return ['localhost', '::1', '::ffff:127.0.0.1'].includes(host.toLowerCase());
}
