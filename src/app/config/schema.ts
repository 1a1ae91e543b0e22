import { z } from 'zod';
import { destinationSchema } from '../../destinations/registry.ts';

/**
 * Every key of isocenter.yaml: its unit, its default, its range and one sentence. config/isocenter.example.yaml is held to it by a test.
 * Paths come out as written; load-config.ts makes them absolute.
 */

/** An AE title: 1–16 characters of the default repertoire, no backslash, no control character; blanks around it do not count (PS3.5 §6.2). */
export const aeTitle = z.string().trim().regex(/^[\x20-\x5b\x5d-\x7e]{1,16}$/, 'must be 1–16 printable ASCII characters without backslash (PS3.5 §6.2)');

const port = z.int().min(0).max(65535);
const peerPort = z.int().min(1).max(65535);
const host = z.string().min(1);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1–63 letters, digits, dots, dashes or underscores, beginning with a letter or digit');
const keyword = z.string().regex(/^[A-Z][A-Za-z0-9]+$/, 'must be a DICOM keyword such as Manufacturer (PS3.6 §6)');
/** One text, or several of which any may match. */
const texts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value));

const tls = z.strictObject({
  cert: z.string().describe('Path of the certificate chain, PEM.'),
  key: z.string().describe('Path of the private key, PEM.'),
  ca: z.string().optional().describe('Path of the certificates that peers must chain to, PEM; the system’s own when absent.'),
  requireClientCertificate: z.boolean().default(true).describe('Refuse callers that present no certificate of `ca`.'),
});

const listener = z.strictObject({
  host: host.default('127.0.0.1').describe('Address to listen on.'),
  port: port.describe('TCP port; 0 = any free one.'),
  tls: tls.optional().describe('TLS of this listener; none when absent.'),
});

const peer = z.strictObject({
  aeTitle: aeTitle.describe('AE title it calls with, and is called by.'),
  host: host.describe('Host name or address of the peer.'),
  port: peerPort.describe('TCP port of the peer.'),
  tls: z.boolean().default(false).describe('Reach it over TLS, with the certificate of dimse.tls.'),
  addresses: z.array(z.string().min(1)).min(1).optional().describe('Addresses it may call from; any when absent.'),
  certificate: z.strictObject({
    fingerprint256: z.string().regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'must be 64 hexadecimal digits, colons allowed').optional().describe('SHA-256 of its certificate, hexadecimal.'),
    commonName: z.string().min(1).optional().describe('Common name in its certificate.'),
  }).optional().describe('The certificate this title is bound to: a caller that shows another one, or none, is refused.'),
  mayStore: z.boolean().default(true).describe('It may send images (C-STORE).'),
  mayQuery: z.enum(['all', 'own', 'none']).default('all').describe('What it may find and retrieve: everything, the studies it sent images of, nothing.'),
  mayMove: z.union([z.boolean(), z.array(aeTitle)]).default(true).describe('Peers it may have images moved to (C-MOVE): all, none, or these titles.'),
  commitmentReport: z.enum(['any', 'new']).default('any').describe('Where it hears the result of a storage commitment: on its own association while that is open and else on a new one, or always on a new one.'),
});

const dimse = z.strictObject({
  host: host.default('127.0.0.1').describe('Address the DICOM listener binds to.'),
  port: port.default(11112).describe('TCP port of the DICOM listener; 0 = any free one.'),
  aeTitle: z.union([aeTitle, z.array(aeTitle).min(1)]).default('ISOCENTER').transform((value) => (typeof value === 'string' ? [value] : value))
    .describe('AE title, or a list of them; the first is used when the gateway calls.'),
  listeners: z.array(listener).default([]).describe('Further places to listen, beside host and port.'),
  acceptUnknownCallers: z.boolean().default(true).describe('Accept AE titles that are not among the peers; only legal on loopback or with `insecure: true`.'),
  maxAssociations: z.int().min(1).max(1000).default(64).describe('Associations at a time; more are rejected as transient (PS3.8 §9.3.4).'),
  maxAssociationsPerAe: z.int().min(1).max(1000).default(32).describe('Associations at a time of one calling AE title; more are rejected as transient.'),
  maxConnections: z.int().min(2).max(10_000).default(512).describe('Connections of all kinds; over it the oldest without an association is closed. At least twice maxAssociations.'),
  maxOperations: z.int().min(1).max(1000).default(32).describe('Asynchronous operations window granted at most (PS3.7 §D.3.3.3).'),
  maxPduBytes: z.int().min(4096).max(4_194_304).default(262_144).describe('Largest PDU we ask for, bytes.'),
  idleSeconds: z.number().min(1).max(86_400).default(120).describe('Silence after which an association is aborted, seconds.'),
  artimSeconds: z.number().min(1).max(600).default(10).describe('ARTIM timer (PS3.8 §9.1.5): from a connection to its A-ASSOCIATE-RQ, and from a last word to the close, seconds.'),
  pduSeconds: z.number().min(1).max(3_600).default(60).describe('A PDU that has begun must be there after this, seconds; who trickles is aborted.'),
  maxSequenceDepth: z.int().min(1).max(128).default(64).describe('Sequences inside each other before the pixel data; deeper is refused with C000H and quarantined.'),
  maxElementMegabytes: z.int().min(1).max(4096).default(1024).describe('Longest element before the pixel data, MiB; longer is refused with C000H and quarantined.'),
  maxHeaderMegabytes: z.int().min(1).max(4096).default(1024).describe('Most bytes before the pixel data (of objects without: at all), MiB; more is refused with C000H and quarantined.'),
  tls: tls.optional().describe('TLS of the listener and of calls to peers with `tls: true`; none when absent.'),
  peers: z.array(peer).default([]).describe('Who may call, and where to reach them.'),
});

const auth = z.strictObject({
  required: z.boolean().default(false).describe('Demand a login on every HTTP path but /healthz and /readyz.'),
  oidc: z.strictObject({
    issuer: z.url().describe('Issuer of the tokens.'),
    audience: z.string().min(1).describe('Audience the tokens must name.'),
  }).optional().describe('Accept tokens of an OpenID Connect provider; none when absent.'),
});

const http = z.strictObject({
  host: host.default('127.0.0.1').describe('Address the HTTP listener binds to.'),
  port: port.default(8080).describe('TCP port of DICOMweb, FHIR, the operator API and the page; 0 = any free one.'),
  listeners: z.array(listener).default([]).describe('Further places to listen, beside host and port.'),
  tls: tls.optional().describe('TLS of the listener; none when absent.'),
  auth: auth.prefault({}).describe('Who may use HTTP.'),
});

const dicomweb = z.strictObject({
  maxResults: z.int().min(1).max(100_000).default(1_000).describe('Matches in one answer of a search; more are announced with a Warning.'),
  emptyAs: z.enum(['no-content', 'empty-list']).default('no-content').describe('What a search without a match is answered with: 204 as PS3.18 has it, or 200 with [] for clients that need one.'),
});

const hl7 = z.strictObject({
  host: host.default('127.0.0.1').describe('Address the MLLP listener binds to.'),
  port: port.default(2575).describe('TCP port of the MLLP listener; 0 = any free one.'),
  listeners: z.array(listener).default([]).describe('Further places to listen, beside host and port.'),
  tls: tls.optional().describe('TLS of the listener; none when absent.'),
});

const models = z.strictObject({
  dir: z.string().optional().describe('Folder of the model plug-ins; the installation’s own `models/` when absent.'),
  slots: z.int().min(0).max(64).default(1).describe('Model processes at a time; 0 = run none here.'),
});

const completeness = z.strictObject({
  quietSeconds: z.number().min(0).max(86_400).default(30).describe('Silence after the last association of a study ended, after which it counts as complete, seconds.'),
  maxWaitSeconds: z.number().min(1).max(604_800).default(900).describe('Time since the last image after which a study counts as complete whatever else is missing, seconds.'),
});

const when = z.strictObject({
  modality: texts.exactOptional().describe('Modality (0008,0060), any of.'),
  bodyPart: texts.exactOptional().describe('Body Part Examined (0018,0015), or the descriptions when that is empty, any of; by word, so that CHEST matches `TH CT CHEST WO C`.'),
  studyDescription: texts.exactOptional().describe('Study Description (0008,1030), any of, by word.'),
  seriesDescription: texts.exactOptional().describe('Series Description (0008,103E), any of, by word.'),
  callingAe: texts.exactOptional().describe('AE title that sent the study, any of.'),
  attributes: z.record(keyword, texts).exactOptional().describe('Any element by keyword, for example `Manufacturer: [SIEMENS]`, any of, by word.'),
});

const rule = z.strictObject({
  name: name.describe('Unique name; it appears in the trace and in `explain`.'),
  when: when.prefault({}).describe('Asked of each series with its study; true for one series = the rule holds; {} = always.'),
  run: z.array(z.string().min(1)).default([]).describe('Ids of the models to run; eligibility in model.yaml then picks the series.'),
  deliver: z.array(z.string()).default([]).describe('Names of the destinations results go to; [] = keep them here.'),
  forward: z.array(z.string()).default([]).describe('Names of the destinations the received originals go to, with the same proof.'),
  late: z.enum(['supersede', 'ignore', 'ask']).default('supersede').describe('What images that arrive after the run do: a new revision, nothing, or an alert.'),
  priority: z.int().min(-1000).max(1000).default(0).describe('Order of jobs; higher runs first.'),
});

const severity = z.enum(['info', 'warning', 'critical']);
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 22:30');

const alertChannel = z.discriminatedUnion('kind', [
  z.strictObject({
    name: name.describe('Unique name of the channel.'),
    kind: z.literal('webhook').describe('HTTP POST, signed.'),
    url: z.url({ protocol: /^https?$/ }).describe('Address that alerts are POSTed to as JSON.'),
    secretEnv: z.string().min(1).optional().describe('Environment variable with the key of the HMAC-SHA-256 signature; unsigned when absent.'),
    minSeverity: severity.default('warning').describe('Alerts below this are not told here.'),
    escalation: z.boolean().default(false).describe('true = told only when nobody acknowledged an alert in time.'),
  }),
  z.strictObject({
    name: name.describe('Unique name of the channel.'),
    kind: z.literal('email').describe('A mail over SMTP.'),
    host: host.describe('SMTP server.'),
    port: peerPort.default(587).describe('TCP port of the SMTP server.'),
    tls: z.boolean().default(false).describe('TLS from the first byte (port 465); else STARTTLS where the server offers it.'),
    requireTls: z.boolean().default(true).describe('Send nothing without TLS or STARTTLS.'),
    username: z.string().min(1).optional().describe('User name; the password comes from passwordEnv.'),
    passwordEnv: z.string().min(1).optional().describe('Environment variable with the password.'),
    from: z.string().min(3).describe('Sender address.'),
    to: z.array(z.string().min(3)).min(1).describe('Addresses that are told.'),
    minSeverity: severity.default('warning').describe('Alerts below this are not told here.'),
    escalation: z.boolean().default(false).describe('true = told only when nobody acknowledged an alert in time.'),
  }),
]);

const alerting = z.strictObject({
  channels: z.array(alertChannel).default([]).describe('Who is told of alerts; [] = they are on the page and in /api/alerts only.'),
  escalateAfterMinutes: z.number().min(1).max(10_080).default(30).describe('Time without acknowledgement after which escalation channels are told, minutes.'),
  quietHours: z.strictObject({
    from: clockTime.describe('Local time at which they begin.'),
    to: clockTime.describe('Local time at which they end; earlier than from = over midnight.'),
    minSeverity: severity.default('critical').describe('What is told in them all the same; the rest waits until they end.'),
  }).optional().describe('Hours in which people are not disturbed; none when absent.'),
  unprovenAfterMinutes: z.number().min(1).max(43_200).default(120).describe('Time after which a delivery that its destination has not proven raises an alert, minutes.'),
  certificateDays: z.int().min(1).max(365).default(30).describe('Days before the end of a certificate at which an alert is raised.'),
});

const storage = z.strictObject({
  kind: z.enum(['disk', 's3']).default('disk').describe('Where the bytes of instances lie: under dataDir, or in an S3-compatible object store.'),
  segmentMegabytes: z.int().min(1).max(4096).default(256).describe('Size of a segment file, MiB.'),
  minFreeMegabytes: z.int().min(0).max(1_048_576).default(1024).describe('Free space below which new associations are rejected as transient, MiB; below a quarter of it instances are refused with A700H.'),
  memoryMegabytes: z.int().min(16).max(65_536).default(48).describe('Memory per writing process for instances on their way to disk, MiB; who is over it waits on its socket.'),
  requireDurable: z.boolean().default(false).describe('Refuse to start where the file system is not known to be durable (tmpfs, overlay, NFS), instead of warning.'),
  endpoint: z.url().optional().describe('s3: URL of the object store.'),
  region: z.string().default('us-east-1').describe('s3: region.'),
  bucket: z.string().optional().describe('s3: bucket; its keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'),
});

export const configSchema = z.strictObject({
  dataDir: z.string().min(1).default('./data').describe('Folder of everything the gateway keeps: segments, embedded database, locks.'),
  insecure: z.boolean().default(false).describe('Allow what is refused otherwise: addresses beyond loopback without TLS, allow-list or login.'),
  site: z.strictObject({
    institutionName: z.string().min(1).max(64).default('Unnamed institution').describe('Institution Name (0008,0080) in the objects the gateway makes.'),
  }).prefault({}).describe('The site the gateway stands at.'),
  log: z.strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least severity that is written to stderr.'),
  }).prefault({}).describe('The log.'),
  database: z.strictObject({
    url: z.string().nullable().default(null).describe('PostgreSQL URL; null = the embedded server.'),
    maxConnections: z.int().min(2).max(200).default(8).describe('Connections per role process.'),
  }).prefault({}).describe('PostgreSQL.'),
  dimse: dimse.prefault({}).describe('DICOM over the Upper Layer: who we are, who may call.'),
  http: http.prefault({}).describe('DICOMweb, FHIR, the operator API and the page.'),
  dicomweb: dicomweb.prefault({}).describe('DICOMweb under /dicom-web.'),
  hl7: hl7.prefault({}).describe('HL7 v2 over MLLP.'),
  destinations: z.array(destinationSchema).default([]).describe('Where results and originals can go.'),
  models: models.prefault({}).describe('The AI models.'),
  completeness: completeness.prefault({}).describe('When a study counts as complete.'),
  rules: z.array(rule).default([]).describe('Which models see which study; the first that matches wins, per model; [] = keep only.'),
  storage: storage.prefault({}).describe('The segment store.'),
  alerting: alerting.prefault({}).describe('Who is told when a person must look.'),
});

export type ConfigFile = z.output<typeof configSchema>;
export type DimseConfig = ConfigFile['dimse'];
export type TlsConfig = z.output<typeof tls>;
export type RuleConfig = z.output<typeof rule>;
export type AlertingConfig = z.output<typeof alerting>;
