import type { Request, Response } from 'express';
import { chooseOffer } from './negotiate.ts';
import { baseOf, refuse } from './http-answer.ts';

interface Capability {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'DELETE')[];
  /** What GET gives, or what POST takes. */
  readonly types: readonly string[];
}

const JSON_AND_XML = ['application/dicom+json', 'multipart/related; type="application/dicom+xml"'];
const FILES = ['multipart/related; type="application/dicom"', 'multipart/related; type="application/octet-stream"', 'application/zip'];
const PIXELS = ['application/octet-stream', 'image/jpeg', 'image/jls', 'image/jp2', 'image/jphc', 'image/dicom-rle'].map((type) => `multipart/related; type="${type}"`);
const PICTURES = ['image/jpeg', 'image/png', 'text/html', 'application/pdf'];
const STORED = ['application/dicom', 'application/dicom+json', 'application/dicom+xml'].map((type) => `multipart/related; type="${type}"`);
const SCOPES = ['/studies/{study}', '/studies/{study}/series/{series}', '/studies/{study}/series/{series}/instances/{instance}'];

const CAPABILITIES: readonly Capability[] = [
  ...['/studies', '/series', '/instances', '/studies/{study}/series', '/studies/{study}/instances', '/studies/{study}/series/{series}/instances'].map((path) => ({ path, methods: ['GET'] as const, types: JSON_AND_XML })),
  ...SCOPES.flatMap((path) => [
    { path, methods: ['GET'] as const, types: FILES },
    { path: `${path}/metadata`, methods: ['GET'] as const, types: JSON_AND_XML },
    { path: `${path}/rendered`, methods: ['GET'] as const, types: PICTURES },
    { path: `${path}/thumbnail`, methods: ['GET'] as const, types: ['image/jpeg', 'image/png'] },
    { path: `${path}/bulkdata`, methods: ['GET'] as const, types: PIXELS },
    { path: `${path}/pixeldata`, methods: ['GET'] as const, types: PIXELS },
  ]),
  { path: `${SCOPES[2]}/bulkdata/{path}`, methods: ['GET'], types: ['multipart/related; type="application/octet-stream"', 'application/octet-stream'] },
  { path: `${SCOPES[2]}/frames/{frames}`, methods: ['GET'], types: PIXELS },
  { path: `${SCOPES[2]}/frames/{frames}/rendered`, methods: ['GET'], types: ['image/jpeg', 'image/png'] },
  { path: '/studies', methods: ['POST'], types: STORED },
  { path: '/studies/{study}', methods: ['POST'], types: STORED },
  { path: '/commitment-requests/{transaction}', methods: ['POST'], types: ['application/dicom+json'] },
  { path: '/commitment-requests/{transaction}', methods: ['GET'], types: ['application/dicom+json'] },
];

/** Retrieve Capabilities, PS3.18 §8.9: WADL by default (Annex H), JSON when that is asked for. */
export function describeCapabilities(request: Request, response: Response): void {
  response.set('Allow', 'GET, POST, OPTIONS');
  const offer = chooseOffer(request.get('accept'), ['application/vnd.sun.wadl+xml', 'application/xml', 'application/json', 'application/dicom+json'].map((type) => ({ type, multipart: false })));
  if (!offer.ok) return refuse(response, 406, offer.fault.message);
  const base = baseOf(request);
  if (offer.value.type.endsWith('json')) response.json({ base, resources: CAPABILITIES });
  else response.set('Content-Type', offer.value.type).send(Buffer.from(wadl(base)));
}

function wadl(base: string): string {
  const text = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  const resources = CAPABILITIES.flatMap(({ path, methods, types }) => methods.map((method) => {
    const representations = types.map((type) => `<representation mediaType="${text(type)}"/>`).join('');
    const body = method === 'POST' ? `<request>${representations}</request>` : `<response status="200">${representations}</response>`;
    return `<resource path="${text(path.slice(1))}"><method name="${method}">${body}</method></resource>`;
  })).join('');
  return `<?xml version="1.0" encoding="UTF-8"?><application xmlns="http://wadl.dev.java.net/2009/02"><resources base="${text(base)}/">${resources}</resources></application>`;
}
