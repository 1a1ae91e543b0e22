import assert from 'node:assert/strict';
import { decideCompleteness } from '../../../src/domain/completeness.ts';
import { systemClock } from '../../../src/foundation/clock.ts';
import { find, queryClasses } from '../../../src/peers/dimse/query.ts';
import { DataSet, type Element } from '../../../src/standards/dicom/data-set.ts';
import { writeDataSet } from '../../../src/standards/dicom/data-set-writer.ts';
import { element, item, sequence } from '../../../src/standards/dicom/element.ts';
import { tags } from '../../../src/standards/dicom/tags.ts';
import { commandFields } from '../../../src/standards/dimse/command.ts';
import { instanceAvailabilityNotification, modalityPerformedStep } from '../../../src/standards/dimse/performed-step.ts';
import { enterOrder } from '../../../src/stages/orders/enter-order.ts';
import { cancelOrders } from '../../../src/store/order.ts';
import { manifestEvidence } from '../../../src/store/study-manifest.ts';
import { type ClientAssociation, openAssociation } from '../../../src/transport/dicom/association-client.ts';
import type { DimseResponse } from '../../../src/transport/dicom/dimse-service.ts';
import { smallImage } from '../../support/archive-fixture.ts';
import { call, type DimseArchive, dimseArchive } from '../../support/dimse-archive.ts';

const SYNTAX = '1.2.840.10008.1.2.1';
const STUDY = '1.2.826.0.1.3680043.8.498.3';

suite('Modality Worklist, MPPS and Instance Availability', () => {
  let archive: DimseArchive;
  suiteSetup(async function () {
    this.timeout(60_000);
    archive = await dimseArchive();
    const order = { patientId: 'P1', patientName: 'Müller^Jörg', modality: 'CT', stationAe: 'CT1', startDate: '20261121', startTime: '0900', accessionNumber: 'A1', requestedProcedureId: 'RP1', stepDescription: 'CT Thorax' };
    await enterOrder(archive.database, { ...order, stepId: 'S1', studyInstanceUid: STUDY }, new Date());
    await enterOrder(archive.database, { ...order, stepId: 'S2', patientId: 'P2', patientName: 'Yamada^Tarou=山田^太郎', modality: 'MR', stationAe: 'MR1', startDate: '20261122', accessionNumber: 'A2' }, new Date());
    await enterOrder(archive.database, { ...order, stepId: 'S3', patientId: 'P3', accessionNumber: 'A3' }, new Date());
    await cancelOrders(archive.database, { stepId: 'S3' }, new Date());
  });
  suiteTeardown(() => archive.close());

  const worklist = (step: readonly Element[], ...others: readonly Element[]): Promise<readonly DataSet[]> =>
    find(archive.peer('CT1'), DataSet.of([element(tags.PatientID, 'LO'), element(tags.PatientName, 'PN'), element(tags.StudyInstanceUID, 'UI'), sequence(tags.ScheduledProcedureStepSequence, DataSet.of(step)), ...others]), { ...call(), sopClassUid: queryClasses.worklistFind });
  const ids = (matches: readonly DataSet[]): readonly (string | undefined)[] => matches.map((match) => match.string(tags.PatientID));

  test('station, date range, modality, name and accession number are keys; cancelled steps are gone [PS3.4 Table K.6-1]', async () => {
    assert.deepEqual(ids(await worklist([])), ['P1', 'P2']);
    assert.deepEqual(ids(await worklist([element(tags.ScheduledStationAETitle, 'AE', 'MR1')])), ['P2']);
    assert.deepEqual(ids(await worklist([element(tags.ScheduledProcedureStepStartDate, 'DA', '20261120-20261121'), element(tags.ScheduledProcedureStepStartTime, 'TM', '0800-1000')])), ['P1']);
    assert.deepEqual(ids(await worklist([element(tags.ScheduledProcedureStepStartDate, 'DA', '20261121-20261122'), element(tags.ScheduledProcedureStepStartTime, 'TM', '1000-0930')])), ['P2'], 'one period from 10:00 to 9:30 of the next day');
    assert.deepEqual(ids(await worklist([element(tags.Modality, 'CS', 'MR')])), ['P2']);
    assert.deepEqual(ids(await worklist([], element(tags.PatientName, 'PN', 'muller*'))), ['P1']);
    assert.deepEqual(ids(await worklist([], element(tags.AccessionNumber, 'SH', 'A2'))), ['P2']);
  });

  test('what was asked for comes back, in the step\'s sequence too, and nothing else; the Study Instance UID stays when the order changes', async () => {
    const [match] = await worklist([element(tags.ScheduledStationAETitle, 'AE', 'CT1'), element(tags.ScheduledProcedureStepID, 'SH'), element(tags.ScheduledProcedureStepDescription, 'LO')]);
    const again = await enterOrder(archive.database, { stepId: 'S1', patientId: 'P1', patientName: 'Müller^Jörg', modality: 'CT', stationAe: 'CT1', startDate: '20261121', startTime: '0900' }, new Date());

    const [step] = match!.items(tags.ScheduledProcedureStepSequence);
    assert.equal(match!.string(tags.PatientName), 'Müller^Jörg');
    assert.equal(match!.has(tags.AccessionNumber), false);
    assert.deepEqual([step!.string(tags.ScheduledProcedureStepID), step!.string(tags.ScheduledProcedureStepDescription)], ['S1', 'CT Thorax']);
    assert.equal(again, STUDY);
    assert.equal(match!.string(tags.StudyInstanceUID), STUDY);
  });

  suite('performed procedure steps [PS3.4 Annex F]', () => {
    let association: ClientAssociation;
    setup(async () => {
      const { clock, log, signal } = call();
      association = await openAssociation({ host: '127.0.0.1', port: archive.port, calledAe: 'ISOCENTER', callingAe: 'CT1', contexts: [modalityPerformedStep, instanceAvailabilityNotification].map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [SYNTAX] })), clock, log }, signal);
    });
    teardown(() => association.release(call().signal));

    const send = (field: number, uid: string | undefined, attributes: DataSet, sopClassUid = modalityPerformedStep): Promise<DimseResponse> => association.invoke({
      contextId: association.contextFor(sopClassUid)!.id,
      command: field === commandFields.nCreateRq ? { field, affectedSopClassUid: sopClassUid, ...(uid === undefined ? {} : { affectedSopInstanceUid: uid }) } : { field, requestedSopClassUid: sopClassUid, requestedSopInstanceUid: uid! },
      dataSet: writeDataSet(attributes, SYNTAX),
    }, call().signal);
    const create = (uid: string | undefined, study = STUDY): Promise<DimseResponse> => send(commandFields.nCreateRq, uid, creation(study));
    const set = (uid: string, ...changes: readonly Element[]): Promise<DimseResponse> => send(commandFields.nSetRq, uid, DataSet.of(changes));

    test('N-CREATE in progress, N-SET to completed; what is final is not changed: 0110 with error id A710', async () => {
      assert.equal((await create('1.2.3.10')).status, 0);
      assert.equal((await create('1.2.3.10')).status, 0x0111);
      assert.equal((await set('1.2.3.10', ...completion([`${STUDY}.1.1`, `${STUDY}.1.2`]))).status, 0);
      const late = await set('1.2.3.10', element(tags.PerformedProcedureStepStatus, 'CS', 'IN PROGRESS'));

      assert.equal(late.status, 0x0110);
      assert.equal(late.command.errorId, 0xa710);
      assert.deepEqual(ids(await worklist([element(tags.ScheduledProcedureStepID, 'SH', 'S1')])), []);
    });

    test('what breaks the rules is refused with the element that does', async () => {
      const noStep = await send(commandFields.nCreateRq, '1.2.3.11', creation(STUDY).without(tags.PerformedProcedureStepID));
      const completed = await send(commandFields.nCreateRq, '1.2.3.11', creation(STUDY).with(element(tags.PerformedProcedureStepStatus, 'CS', 'COMPLETED')));
      await create('1.2.3.12', '1.2.4');
      const noSeries = await set('1.2.3.12', element(tags.PerformedProcedureStepStatus, 'CS', 'COMPLETED'), element(tags.PerformedProcedureStepEndDate, 'DA', '20261121'), element(tags.PerformedProcedureStepEndTime, 'TM', '1000'));
      const patient = await set('1.2.3.12', element(tags.PatientID, 'LO', 'P9'));

      assert.deepEqual([noStep.status, noStep.command.offendingElements], [0x0120, [tags.PerformedProcedureStepID]]);
      assert.equal(completed.status, 0x0106);
      assert.deepEqual([noSeries.status, noSeries.command.offendingElements], [0x0120, [tags.PerformedSeriesSequence]]);
      assert.equal(patient.status, 0x0105);
      assert.equal((await set('1.2.3.99', element(tags.PerformedProcedureStepStatus, 'CS', 'IN PROGRESS'))).status, 0x0112);
    });

    test('a step without a UID of its own gets one from us, and it is in the answer [PS3.7 §10.1.5.1.4]', async () => {
      const created = await create(undefined, '1.2.5');

      assert.match(created.command.affectedSopInstanceUid ?? '', /^2\.25\./);
    });

    test('a wrong worklist entry holds the study [PS3.16 CID 9300]', async () => {
      await archive.store([smallImage('1.2.6', '1.2.6.1', '1.2.6.1.1')]);
      await create('1.2.3.13', '1.2.6');
      const reason = sequence(tags.PerformedProcedureStepDiscontinuationReasonCodeSequence, item(element(tags.CodeValue, 'SH', '110514'), element(tags.CodingSchemeDesignator, 'SH', 'DCM'), element(tags.CodeMeaning, 'LO', 'Incorrect worklist entry selected')));

      const discontinued = await set('1.2.3.13', element(tags.PerformedProcedureStepStatus, 'CS', 'DISCONTINUED'), element(tags.PerformedProcedureStepEndDate, 'DA', '20261121'), element(tags.PerformedProcedureStepEndTime, 'TM', '1000'), reason);

      assert.equal(discontinued.status, 0);
      const [study] = await archive.database.query<{ state: string; hold_reason: string }>({ name: '', text: `select state, hold_reason from study where study_instance_uid = '1.2.6'` });
      assert.deepEqual(study, { state: 'held', hold_reason: 'wrong-worklist-entry' });
    });

    test('the list of images completes the study when all are here, and lets it wait for those that are not', async () => {
      const study = '1.2.7';
      await archive.store([smallImage(study, `${study}.1`, `${study}.1.1`)]);
      const decision = async (): Promise<string> => {
        const now = systemClock.now();
        const manifest = (await manifestEvidence(archive.database, [study])).get(study);
        return decideCompleteness({ firstReceivedAt: now, lastReceivedAt: now, openGroups: 0, lastGroupClosedAt: now, instanceCount: 1, manifest }, { quietSeconds: 30, maxWaitSeconds: 900 }, now + 60_000).kind;
      };

      assert.equal(await decision(), 'complete');
      await create('1.2.3.14', study);
      assert.equal(await decision(), 'wait');
      await set('1.2.3.14', ...completion([`${study}.1.1`, `${study}.1.2`]));
      assert.equal(await decision(), 'wait');
      await archive.store([smallImage(study, `${study}.1`, `${study}.1.2`)]);
      assert.equal(await decision(), 'complete');
    });

    test('an Instance Availability Notification is such a list [PS3.4 Annex R]', async () => {
      const notice = DataSet.of([
        element(tags.StudyInstanceUID, 'UI', '1.2.8'),
        sequence(tags.ReferencedSeriesSequence, item(element(tags.SeriesInstanceUID, 'UI', '1.2.8.1'), sequence(tags.ReferencedSOPSequence, item(element(tags.ReferencedSOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'), element(tags.ReferencedSOPInstanceUID, 'UI', '1.2.8.1.1'), element(tags.InstanceAvailability, 'CS', 'ONLINE'))))),
      ]);

      const answer = await send(commandFields.nCreateRq, '1.2.3.20', notice, instanceAvailabilityNotification);
      const empty = await send(commandFields.nCreateRq, '1.2.3.21', DataSet.of([element(tags.StudyInstanceUID, 'UI', '1.2.8')]), instanceAvailabilityNotification);

      assert.equal(answer.status, 0);
      assert.equal(empty.status, 0x0120);
      assert.deepEqual((await manifestEvidence(archive.database, ['1.2.8'])).get('1.2.8'), { study_instance_uid: '1.2.8', open: 0, final: 1, listed: 1, missing: 1 });
    });
  });
});

function creation(study: string): DataSet {
  return DataSet.of([
    sequence(tags.ScheduledStepAttributesSequence, item(element(tags.StudyInstanceUID, 'UI', study), element(tags.ScheduledProcedureStepID, 'SH', study === STUDY ? 'S1' : ''))),
    element(tags.PerformedProcedureStepID, 'SH', 'PPS1'), element(tags.PerformedStationAETitle, 'AE', 'CT1'), element(tags.PerformedProcedureStepStartDate, 'DA', '20261121'),
    element(tags.PerformedProcedureStepStartTime, 'TM', '0905'), element(tags.PerformedProcedureStepStatus, 'CS', 'IN PROGRESS'), element(tags.Modality, 'CS', 'CT'), element(tags.PatientID, 'LO', 'P1'),
  ]);
}

function completion(instances: readonly string[]): Element[] {
  const references = instances.map((uid) => item(element(tags.ReferencedSOPClassUID, 'UI', '1.2.840.10008.5.1.4.1.1.2'), element(tags.ReferencedSOPInstanceUID, 'UI', uid)));
  return [
    element(tags.PerformedProcedureStepStatus, 'CS', 'COMPLETED'), element(tags.PerformedProcedureStepEndDate, 'DA', '20261121'), element(tags.PerformedProcedureStepEndTime, 'TM', '0930'),
    sequence(tags.PerformedSeriesSequence, item(element(tags.SeriesInstanceUID, 'UI', '1.2.3.4'), sequence(tags.ReferencedImageSequence, references))),
  ];
}
