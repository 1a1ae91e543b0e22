/** The thirteen states of PS3.8 §9.2.1, Table 9-1 to 9-5. */
export const states = ['Sta1', 'Sta2', 'Sta3', 'Sta4', 'Sta5', 'Sta6', 'Sta7', 'Sta8', 'Sta9', 'Sta10', 'Sta11', 'Sta12', 'Sta13'] as const;
export type UpperLayerState = (typeof states)[number];

/**
 * The nineteen events of PS3.8 §9.2.1, Table 9-10:
 * 1 A-ASSOCIATE request · 2 transport connected · 3 A-ASSOCIATE-AC · 4 A-ASSOCIATE-RJ · 5 transport connection indication · 6 A-ASSOCIATE-RQ ·
 * 7 A-ASSOCIATE response (accept) · 8 A-ASSOCIATE response (reject) · 9 P-DATA request · 10 P-DATA-TF · 11 A-RELEASE request · 12 A-RELEASE-RQ ·
 * 13 A-RELEASE-RP · 14 A-RELEASE response · 15 A-ABORT request · 16 A-ABORT · 17 transport closed · 18 ARTIM expired · 19 unrecognised or invalid PDU.
 */
export const events = [
  'Evt1', 'Evt2', 'Evt3', 'Evt4', 'Evt5', 'Evt6', 'Evt7', 'Evt8', 'Evt9', 'Evt10', 'Evt11', 'Evt12', 'Evt13', 'Evt14', 'Evt15', 'Evt16', 'Evt17', 'Evt18', 'Evt19',
] as const;
export type UpperLayerEvent = (typeof events)[number];

/** Names of the actions of PS3.8 §9.2.1, Tables 9-6 to 9-9. */
export type CellAction =
  | 'AE-1' | 'AE-2' | 'AE-3' | 'AE-4' | 'AE-5' | 'AE-6' | 'AE-7' | 'AE-8' | 'DT-1' | 'DT-2'
  | 'AR-1' | 'AR-2' | 'AR-3' | 'AR-4' | 'AR-5' | 'AR-6' | 'AR-7' | 'AR-8' | 'AR-9' | 'AR-10'
  | 'AA-1' | 'AA-2' | 'AA-3' | 'AA-4' | 'AA-5' | 'AA-6' | 'AA-7' | 'AA-8';

/** PS3.8 Table 9-10 as it is printed: a row per event, a column per state Sta1–Sta13; `-` is a blank cell. */
export const transitionRows: Readonly<Record<UpperLayerEvent, string>> = {
  //      Sta1 Sta2 Sta3 Sta4 Sta5 Sta6 Sta7 Sta8 Sta9 Sta10 Sta11 Sta12 Sta13
  Evt1:  'AE-1 -    -    -    -    -    -    -    -    -     -     -     -   ',
  Evt2:  '-    -    -    AE-2 -    -    -    -    -    -     -     -     -   ',
  Evt3:  '-    AA-1 AA-8 -    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt4:  '-    AA-1 AA-8 -    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt5:  'AE-5 -    -    -    -    -    -    -    -    -     -     -     -   ',
  Evt6:  '-    AE-6 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-7',
  Evt7:  '-    -    AE-7 -    -    -    -    -    -    -     -     -     -   ',
  Evt8:  '-    -    AE-8 -    -    -    -    -    -    -     -     -     -   ',
  Evt9:  '-    -    -    -    -    DT-1 -    AR-7 -    -     -     -     -   ',
  Evt10: '-    AA-1 AA-8 -    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt11: '-    -    -    -    -    AR-1 -    -    -    -     -     -     -   ',
  Evt12: '-    AA-1 AA-8 -    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-6',
  Evt13: '-    AA-1 AA-8 -    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3  AA-8  AA-6',
  Evt14: '-    -    -    -    -    -    -    AR-4 AR-9 -     -     AR-4  -   ',
  Evt15: '-    -    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1  AA-1  -   ',
  Evt16: '-    AA-2 AA-3 -    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3  AA-3  AA-2',
  Evt17: '-    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4  AA-4  AR-5',
  Evt18: '-    AA-2 -    -    -    -    -    -    -    -     -     -     AA-2',
  Evt19: '-    AA-1 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8  AA-8  AA-7',
};
