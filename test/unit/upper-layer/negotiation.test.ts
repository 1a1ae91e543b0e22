import assert from 'node:assert/strict';
import { type ContextPolicy, grantedContexts, negotiateContexts, negotiateWindow, preferSendersBytes } from '../../../src/standards/upper-layer/negotiation.ts';

const implicit = '1.2.840.10008.1.2';
const explicit = '1.2.840.10008.1.2.1';
const jpeg = '1.2.840.10008.1.2.4.70';

const policy: ContextPolicy = {
  supports: (uid) => uid.startsWith('1.2.840.10008.5'),
  choose: (_uid, proposed) => preferSendersBytes(proposed, (uid) => uid.startsWith('1.2.840')),
  roles: (uid) => ({ scu: true, scp: uid.endsWith('.2') }),
};

const context = (id: number, abstractSyntax: string, ...transferSyntaxes: string[]): { id: number; abstractSyntax: string; transferSyntaxes: string[] } => ({ id, abstractSyntax, transferSyntaxes });

suite('negotiation of presentation contexts', () => {
  test('the first proposed transfer syntax we store wins, Implicit VR Little Endian comes last', () => {
    assert.equal(preferSendersBytes([implicit, jpeg, explicit], () => true), jpeg);
    assert.equal(preferSendersBytes(['9.9', explicit, jpeg], (uid) => uid !== '9.9'), explicit);
    assert.equal(preferSendersBytes([implicit], () => true), implicit);
    assert.equal(preferSendersBytes(['9.9'], () => false), undefined);
    assert.equal(preferSendersBytes([], () => true), undefined);
  });

  test('each context is answered with its own truth, in the order of the proposal  [PS3.8 Table 9-18]', () => {
    const proposed = [context(1, '1.2.840.10008.5.1', jpeg, implicit), context(3, '1.9.9', implicit), context(5, '1.2.840.10008.5.1', '9.9'), context(7, '1.2.840.10008.5.1')];

    const { results, accepted } = negotiateContexts(proposed, [], policy);

    assert.deepEqual(results.map(({ id, result }) => [id, result]), [[1, 0], [3, 3], [5, 4], [7, 4]]);
    assert.equal(results[0]!.transferSyntax, jpeg);
    assert.deepEqual([...accepted.keys()], [1]);
  });

  test('128 contexts are answered', () => {
    const proposed = Array.from({ length: 128 }, (_, index) => context(index * 2 + 1, '1.2.840.10008.5.1', explicit));

    assert.equal(negotiateContexts(proposed, [], policy).accepted.size, 128);
  });

  test('without role selection the requestor is the SCU  [PS3.7 §D.3.3.4]', () => {
    const { accepted, roles } = negotiateContexts([context(1, '1.2.840.10008.5.1', explicit)], [], policy);

    assert.deepEqual(roles, []);
    assert.deepEqual([accepted.get(1)!.requestorIsScu, accepted.get(1)!.requestorIsScp], [true, false]);
  });

  test('a role is granted when it was proposed and is supported, and only then  [PS3.7 §D.3.3.4]', () => {
    const proposedRoles = ['1.2.840.10008.5.2', '1.2.840.10008.5.1', '1.9'].map((sopClassUid) => ({ sopClassUid, scu: true, scp: true }));

    const { roles, accepted } = negotiateContexts([context(1, '1.2.840.10008.5.2', explicit)], proposedRoles, policy);

    assert.deepEqual(roles, [
      { sopClassUid: '1.2.840.10008.5.2', scu: true, scp: true },
      { sopClassUid: '1.2.840.10008.5.1', scu: true, scp: false },
    ]);
    assert.equal(accepted.get(1)!.requestorIsScp, true);
  });

  test('a context whose roles were all refused is rejected by the user', () => {
    const { results } = negotiateContexts([context(1, '1.2.840.10008.5.1', explicit)], [{ sopClassUid: '1.2.840.10008.5.1', scu: false, scp: true }], policy);

    assert.equal(results[0]!.result, 1);
  });

  test('the requestor takes only what it proposed', () => {
    const proposed = [context(1, '1.5', explicit), context(3, '1.6', explicit)];
    const answer = [{ id: 1, result: 0, transferSyntax: jpeg }, { id: 3, result: 0, transferSyntax: explicit }, { id: 5, result: 0, transferSyntax: explicit }];

    assert.deepEqual([...grantedContexts(proposed, { contexts: answer, roles: [] }).keys()], [3]);
  });

  test('the asynchronous operations window is the smaller of both, 0 being unlimited  [PS3.7 §D.3.3.3]', () => {
    assert.equal(negotiateWindow(undefined, { invoked: 8, performed: 1 }), undefined);
    assert.deepEqual(negotiateWindow({ invoked: 0, performed: 0 }, { invoked: 8, performed: 1 }), { invoked: 8, performed: 1 });
    assert.deepEqual(negotiateWindow({ invoked: 3, performed: 5 }, { invoked: 0, performed: 1 }), { invoked: 3, performed: 1 });
  });
});
