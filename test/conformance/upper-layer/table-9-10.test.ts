import assert from 'node:assert/strict';
import { type Action, cellOf, step } from '../../../src/standards/upper-layer/state-machine.ts';
import { events, states, type UpperLayerEvent, type UpperLayerState } from '../../../src/standards/upper-layer/state-table.ts';

const eventNames: Readonly<Record<UpperLayerEvent, string>> = {
  Evt1: 'A-ASSOCIATE request', Evt2: 'transport connected', Evt3: 'A-ASSOCIATE-AC', Evt4: 'A-ASSOCIATE-RJ', Evt5: 'transport indication',
  Evt6: 'A-ASSOCIATE-RQ', Evt7: 'A-ASSOCIATE accept', Evt8: 'A-ASSOCIATE reject', Evt9: 'P-DATA request', Evt10: 'P-DATA-TF',
  Evt11: 'A-RELEASE request', Evt12: 'A-RELEASE-RQ', Evt13: 'A-RELEASE-RP', Evt14: 'A-RELEASE response', Evt15: 'A-ABORT request',
  Evt16: 'A-ABORT', Evt17: 'transport closed', Evt18: 'ARTIM expired', Evt19: 'invalid PDU',
};

/** Table 9-10 column by column, typed in apart from the source: the numbers are events. What is not named is blank. */
const columns: Readonly<Record<UpperLayerState, Readonly<Record<string, string>>>> = {
  Sta1: { 'AE-1': '1', 'AE-5': '5' },
  Sta2: { 'AA-1': '3 4 10 12 13 19', 'AE-6': '6', 'AA-2': '16 18', 'AA-5': '17' },
  Sta3: { 'AA-8': '3 4 6 10 12 13 19', 'AE-7': '7', 'AE-8': '8', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta4: { 'AE-2': '2', 'AA-2': '15', 'AA-4': '17' },
  Sta5: { 'AE-3': '3', 'AE-4': '4', 'AA-8': '6 10 12 13 19', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta6: { 'AA-8': '3 4 6 13 19', 'DT-1': '9', 'DT-2': '10', 'AR-1': '11', 'AR-2': '12', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta7: { 'AA-8': '3 4 6 19', 'AR-6': '10', 'AR-8': '12', 'AR-3': '13', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta8: { 'AA-8': '3 4 6 10 12 13 19', 'AR-7': '9', 'AR-4': '14', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta9: { 'AA-8': '3 4 6 10 12 13 19', 'AR-9': '14', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta10: { 'AA-8': '3 4 6 10 12 19', 'AR-10': '13', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta11: { 'AA-8': '3 4 6 10 12 19', 'AR-3': '13', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta12: { 'AA-8': '3 4 6 10 12 13 19', 'AR-4': '14', 'AA-1': '15', 'AA-3': '16', 'AA-4': '17' },
  Sta13: { 'AA-6': '3 4 10 12 13', 'AA-7': '6 19', 'AA-2': '16 18', 'AR-5': '17' },
};

/** PS3.8 §9.2.1, Tables 9-6 to 9-9: what each action does and where it leads. */
const meaning: Readonly<Record<string, readonly [next: UpperLayerState, ...actions: Action[]]>> = {
  'AE-1': ['Sta4', 'connect-transport'],
  'AE-2': ['Sta5', 'send-associate-rq'],
  'AE-3': ['Sta6', 'confirm-accept'],
  'AE-4': ['Sta1', 'confirm-reject', 'close-transport'],
  'AE-5': ['Sta2', 'accept-transport', 'start-artim'],
  'AE-6': ['Sta3', 'stop-artim', 'indicate-associate'],
  'AE-7': ['Sta6', 'send-associate-ac'],
  'AE-8': ['Sta13', 'send-associate-rj', 'start-artim'],
  'DT-1': ['Sta6', 'send-p-data'],
  'DT-2': ['Sta6', 'indicate-p-data'],
  'AR-1': ['Sta7', 'send-release-rq'],
  'AR-2': ['Sta8', 'indicate-release'],
  'AR-3': ['Sta1', 'confirm-release', 'close-transport'],
  'AR-4': ['Sta13', 'send-release-rp', 'start-artim'],
  'AR-5': ['Sta1', 'stop-artim'],
  'AR-6': ['Sta7', 'indicate-p-data'],
  'AR-7': ['Sta8', 'send-p-data'],
  'AR-8': ['Sta9', 'indicate-release'],
  'AR-9': ['Sta11', 'send-release-rp'],
  'AR-10': ['Sta12', 'confirm-release'],
  'AA-1': ['Sta13', 'send-user-abort', 'start-artim'],
  'AA-2': ['Sta1', 'stop-artim', 'close-transport'],
  'AA-3': ['Sta1', 'indicate-abort', 'close-transport'],
  'AA-4': ['Sta1', 'indicate-provider-abort'],
  'AA-5': ['Sta1', 'stop-artim'],
  'AA-6': ['Sta13'],
  'AA-7': ['Sta13', 'send-provider-abort'],
  'AA-8': ['Sta13', 'send-provider-abort', 'indicate-provider-abort', 'start-artim'],
};

const requestor = { isRequestor: true, isAcceptable: true };

suite('Upper Layer state machine', () => {
  for (const state of states) {
    for (const event of events) {
      const action = Object.entries(columns[state]).find(([, numbers]) => numbers.split(' ').includes(event.slice(3)))?.[0];
      const what = `${state} + ${event} (${eventNames[event]})`;
      if (action === undefined) {
        test(`${what} is a blank cell and asserted  [PS3.8 Table 9-10]`, () => {
          assert.equal(cellOf(state, event), undefined);
          assert.throws(() => step(state, event, requestor), /cannot happen/);
        });
        continue;
      }
      const [next, ...actions] = meaning[action]!;
      test(`${what} → ${action}: ${actions.join(', ') || 'nothing'}, moves to ${next}  [PS3.8 Table 9-10]`, () => {
        assert.equal(cellOf(state, event), action);
        assert.deepEqual(step(state, event, requestor), { next, actions });
      });
    }
  }

  test('AE-6 with a protocol version we do not speak rejects as the provider and waits for the close  [PS3.8 Table 9-6]', () => {
    assert.deepEqual(step('Sta2', 'Evt6', { isRequestor: false, isAcceptable: false }), { next: 'Sta13', actions: ['stop-artim', 'send-provider-rj', 'start-artim'] });
  });

  test('AR-8 leads the acceptor of the association to Sta10  [PS3.8 Table 9-8]', () => {
    assert.deepEqual(step('Sta7', 'Evt12', { isRequestor: false, isAcceptable: true }), { next: 'Sta10', actions: ['indicate-release'] });
  });
});
