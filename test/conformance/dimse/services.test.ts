import assert from 'node:assert/strict';
import { systemClock } from '../../../src/foundation/clock.ts';
import { GatewayError } from '../../../src/foundation/errors.ts';
import { silentLog } from '../../../src/foundation/log.ts';
import { commandFields } from '../../../src/standards/dimse/command.ts';
import { type ClientAssociation, openAssociation } from '../../../src/transport/dicom/association-client.ts';
import type { DataSetSink, DimseRequest, DimseResponse, DimseService } from '../../../src/transport/dicom/dimse-service.ts';
import { ctStorage, explicitLe } from '../../support/dimse-raw-peer.ts';
import { startScp, type TestScp } from '../../support/dimse-scp.ts';
import { eventually } from '../../support/dimse-wait.ts';

const findModel = '1.2.840.10008.5.1.4.1.2.2.1';

/** A service made of one function. */
function service(abstractSyntax: string, commands: readonly number[], handle: (request: DimseRequest) => DataSetSink | undefined, extra: Partial<DimseService> = {}): DimseService {
  return { name: 'test', commands, serves: (uid) => uid === abstractSyntax, chooseTransferSyntax: (proposed) => proposed[0], handle, ...extra };
}

/** Collects a data set, then goes on. */
function whole(then: (bytes: Buffer) => void): DataSetSink {
  const parts: Buffer[] = [];
  return { write: (chunk) => void parts.push(Buffer.from(chunk)), end: () => then(Buffer.concat(parts)), abandon() {} };
}

suite('services of an association', () => {
  let server: TestScp;
  teardown(() => server.stop());

  const soon = (): AbortSignal => AbortSignal.timeout(10_000);
  const open = (services: readonly DimseService[] = [], scp = false): Promise<ClientAssociation> =>
    openAssociation(
      {
        host: '127.0.0.1',
        port: server.port,
        calledAe: 'ISOCENTER',
        callingAe: 'CLIENT',
        contexts: [findModel, ctStorage].map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [explicitLe] })),
        services,
        ...(scp ? { roles: [{ sopClassUid: ctStorage, scu: true, scp: true }] } : {}),
        clock: systemClock,
        log: silentLog,
      },
      soon(),
    );
  const find = (association: ClientAssociation, signal: AbortSignal, onPending: (response: DimseResponse) => void = () => {}): Promise<DimseResponse> =>
    association.invoke({ contextId: association.contextFor(findModel)!.id, command: { field: commandFields.cFindRq, affectedSopClassUid: findModel, priority: 0 }, dataSet: Buffer.from('query'), onPending }, signal);

  test('pending responses carry data sets in order, the last one ends the operation  [PS3.7 §9.1.2]', async () => {
    const answer = async (request: DimseRequest, query: Buffer): Promise<void> => {
      for (const text of ['one', 'two', 'three']) await request.respond({ status: 0xff00 }, Buffer.from(`${query.toString()} ${text}`));
      void request.respond({ status: 0 });
      void request.respond({ status: 0xff00 }, Buffer.from('too late'));
    };
    server = await startScp({ services: [service(findModel, [commandFields.cFindRq], (request) => whole((query) => void answer(request, query)))] });
    const association = await open();
    const heard: string[] = [];

    const last = await find(association, soon(), (response) => heard.push(Buffer.from(response.dataSet!).toString()));

    assert.deepEqual(heard, ['query one', 'query two', 'query three']);
    assert.equal(last.status, 0);
    await association.release(soon());
  });

  test('C-CANCEL reaches the operation it names  [PS3.7 §9.3.2.3]', async () => {
    let running: DimseRequest | undefined;
    server = await startScp({
      services: [
        service(findModel, [commandFields.cFindRq], (request) => {
          running = request;
          request.signal.addEventListener('abort', () => void request.respond({ status: 0xfe00 }));
          return undefined;
        }),
      ],
    });
    const association = await open();
    const giveUp = new AbortController();

    const found = find(association, giveUp.signal);
    await eventually('the request', () => running !== undefined);
    giveUp.abort(new GatewayError('TEST', 'no longer wanted', { failure: 'permanent' }));

    await assert.rejects(found, /no longer wanted/);
    await eventually('the cancel', () => running!.isCancelled);
    assert.equal(association.signal.aborted, false);
    await association.release(soon());
  });

  test('an operation is told when its association ends', async () => {
    let running: DimseRequest | undefined;
    server = await startScp({
      services: [
        service(findModel, [commandFields.cFindRq], (request) => {
          running = request;
          return undefined;
        }),
      ],
    });
    const association = await open();
    const found = find(association, soon());
    await eventually('the request', () => running !== undefined);

    association.abort('test');

    await assert.rejects(found, GatewayError);
    await eventually('the end', () => running!.signal.aborted);
    assert.equal(running!.isCancelled, false);
    assert.equal(running!.respond({ status: 0 }), undefined);
  });

  test('a service can send instances back on the association of its request, when the roles allow it  [PS3.4 §C.4.3]', async () => {
    const sendBack = async (request: DimseRequest): Promise<void> => {
      const storage = [...request.association.facts.contexts.values()].find((context) => context.abstractSyntax === ctStorage && context.requestorIsScp)!;
      const response = await request.association.invoke({
        contextId: storage.id,
        command: { field: commandFields.cStoreRq, affectedSopClassUid: ctStorage, affectedSopInstanceUid: '1.2.3', priority: 0 },
        dataSet: Buffer.alloc(300_000, 7),
      });
      void request.respond({ status: response.status, completedSuboperations: 1 });
    };
    server = await startScp({
      services: [
        service(findModel, [commandFields.cFindRq], (request) => whole(() => void sendBack(request))),
        service(ctStorage, [], () => undefined, { requestorRoles: { scu: true, scp: true } }),
      ],
    });
    const got: Buffer[] = [];
    const keep = service(ctStorage, [commandFields.cStoreRq], (request) =>
      whole((bytes) => {
        got.push(bytes);
        void request.respond({ status: 0 });
      }),
    );
    const association = await open([keep], true);

    const last = await find(association, soon());

    assert.deepEqual([last.status, last.command.completedSuboperations], [0, 1]);
    assert.deepEqual(got, [Buffer.alloc(300_000, 7)]);
    await association.release(soon());
  });

  test('a handler that throws is answered 0110H, and the association goes on  [PS3.7 §C.5.23]', async () => {
    let calls = 0;
    server = await startScp({
      services: [
        service(findModel, [commandFields.cFindRq], (request) => {
          calls += 1;
          if (calls === 1) throw new Error('a mistake of ours');
          return whole(() => void request.respond({ status: 0 }));
        }),
      ],
    });
    const association = await open();

    assert.equal((await find(association, soon())).status, 0x0110);
    assert.equal((await find(association, soon())).status, 0);
    await association.release(soon());
  });
});
