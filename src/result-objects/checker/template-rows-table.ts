import type { ContentItem, Relationship } from '../content-item.ts';

/** What PS3.16 says of a concept where it stands directly below a given parent: relationship and value types. */
export interface Row {
  readonly relationship: Relationship;
  readonly valueTypes: readonly ContentItem['valueType'][];
  /** At most once below one parent. */
  readonly single?: true;
}

const context = (valueType: ContentItem['valueType'], single?: true): Row => ({ relationship: 'HAS OBS CONTEXT', valueTypes: [valueType], ...(single && { single }) });
const modifier = (valueType: ContentItem['valueType'], single?: true): Row => ({ relationship: 'HAS CONCEPT MOD', valueTypes: [valueType], ...(single && { single }) });
const contains = (valueTypes: readonly ContentItem['valueType'][], single?: true): Row => ({ relationship: 'CONTAINS', valueTypes, ...(single && { single }) });

/** Keyed by `scheme value`. Observer context of TID 1001–1004 may stand on the root and on a group. */
const observer: Readonly<Record<string, Row>> = {
  'DCM 121005': context('CODE'),
  'DCM 121008': context('PNAME'),
  'DCM 121009': context('TEXT'),
  'DCM 121012': context('UIDREF'),
  'DCM 121013': context('TEXT'),
  'DCM 121014': context('TEXT'),
  'DCM 121015': context('TEXT'),
  'DCM 121016': context('TEXT'),
  'DCM 121017': context('TEXT'),
};

const algorithm: Readonly<Record<string, Row>> = {
  'DCM 111000': modifier('CODE'),
  'DCM 111001': modifier('TEXT', true),
  'DCM 111002': modifier('TEXT'),
  'DCM 111003': modifier('TEXT', true),
  'DCM 122405': modifier('TEXT', true),
};

/** Below the root, TID 1500. */
export const rootRows: Readonly<Record<string, Row>> = {
  ...observer,
  'DCM 121049': modifier('CODE', true),
  'DCM 121058': modifier('CODE'),
  'DCM 111028': contains(['CONTAINER'], true),
  'DCM 126010': contains(['CONTAINER'], true),
  'DCM 126011': contains(['CONTAINER']),
  'UMLS C0034375': contains(['CONTAINER'], true),
};

/** Below a Measurement Group, TID 1410, 1411 and 1501. */
export const groupRows: Readonly<Record<string, Row>> = {
  ...observer,
  ...algorithm,
  'NCIt C67447': context('TEXT', true),
  'DCM 112039': context('TEXT', true),
  'DCM 112040': context('UIDREF', true),
  'SCT 276214006': contains(['CODE'], true),
  'DCM 121071': contains(['CODE'], true),
  'SCT 363698007': modifier('CODE'),
  'SCT 370129005': modifier('CODE', true),
  'DCM 130400': modifier('CODE', true),
  'DCM 111030': contains(['SCOORD', 'SCOORD3D']),
  'DCM 121191': contains(['IMAGE']),
  'DCM 121214': contains(['IMAGE']),
  'DCM 121232': contains(['UIDREF'], true),
  'DCM 121233': contains(['IMAGE']),
  'DCM 121112': contains(['IMAGE']),
  'DCM 126100': contains(['COMPOSITE'], true),
};

/** Below a NUM, TID 300 and 1419. */
export const numRows: Readonly<Record<string, Row>> = {
  ...algorithm,
  'DCM 121401': modifier('CODE', true),
  'SCT 370129005': modifier('CODE', true),
  'SCT 363698007': modifier('CODE'),
};

/** Below a Finding Site. */
export const siteRows: Readonly<Record<string, Row>> = {
  'SCT 272741003': modifier('CODE', true),
  'SCT 106233006': modifier('CODE'),
};

/** How many coordinates a graphic has; PS3.3 §C.18.6.1.2 and §C.18.9.1.2. `dimensions` numbers a point. */
export const graphicPoints: Readonly<Record<'SCOORD' | 'SCOORD3D', Readonly<Record<string, readonly [least: number, most: number]>>>> = {
  SCOORD: { POINT: [1, 1], MULTIPOINT: [1, Infinity], POLYLINE: [2, Infinity], CIRCLE: [2, 2], ELLIPSE: [4, 4] },
  SCOORD3D: { POINT: [1, 1], MULTIPOINT: [1, Infinity], POLYLINE: [2, Infinity], POLYGON: [4, Infinity], ELLIPSE: [4, 4], ELLIPSOID: [6, 6] },
};
