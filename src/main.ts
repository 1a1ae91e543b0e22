import { Command, CommanderError } from 'commander';
import type { DemoOptions } from './app/cli/demo.ts';
import type { EvaluateOptions } from './app/cli/evaluate.ts';
import type { ByHandOptions } from './app/cli/by-hand.ts';
import type { GenerateOptions } from './app/cli/generate.ts';
import type { LedgerOptions } from './app/cli/ledger.ts';
import type { SelftestOptions } from './app/cli/selftest.ts';
import type { ModelCheckOptions } from './app/cli/model-check.ts';
import type { ModelStateOptions } from './app/cli/model-registry.ts';
import type { EchoOptions } from './app/cli/echo.ts';
import type { StudyDecideOptions } from './app/cli/hold.ts';
import type { QuarantineDecideOptions, QuarantineListOptions } from './app/cli/quarantine.ts';
import type { SendOptions } from './app/cli/send.ts';
import { GatewayError } from './foundation/errors.ts';

/** The command line. Each verb lies in app/cli/ and is loaded when it is asked for. Exit codes: 0 fine, 1 judged or failed, 2 wrong use. */

const program = new Command('isocenter')
  .description('Gateway between imaging modalities, AI models, the PACS and the EHR')
  .exitOverride()
  .showHelpAfterError();

const CONFIG = ['-c, --config <file>', 'configuration file (else ISOCENTER_CONFIG, else ./isocenter.yaml, else the defaults)'] as const;

program.command('start').description('run the gateway').option(...CONFIG)
  .option('--roles <list>', 'roles to run in this gateway: intake,web,work')
  .action(async (options: object) => exit(await (await import('./app/cli/start.ts')).start(options)));

program.command('check-config').description('check the configuration and name every fault with its line').option(...CONFIG)
  .action(async (options: object) => exit((await import('./app/cli/check-config.ts')).checkConfig(options)));

program.command('migrate').description('bring the database schema up to date').option(...CONFIG)
  .action(async (options: object) => exit(await (await import('./app/cli/migrate.ts')).migrateDatabase(options)));

program.command('send').description('send DICOM files and folders over C-STORE').argument('<files...>')
  .requiredOption('--to <peer>', 'AE@host:port').option('--calling <ae>', 'our AE title', 'ISOCENTER').option('--timeout <seconds>', 'longest wait for one answer', '60')
  .action(async (files: string[], options: SendOptions) => exit(await (await import('./app/cli/send.ts')).send(files, options)));

program.command('echo').description('C-ECHO a peer; with --all every peer and destination of the configuration').argument('[peer]', 'AE@host:port').option('--calling <ae>', 'our AE title', 'ISOCENTER')
  .option('--all', 'ask every configured peer and destination, and say what to fix').option(...CONFIG)
  .action(async (peer: string | undefined, options: EchoOptions) => exit(await (await import('./app/cli/echo.ts')).echo(peer, options)));

program.command('generate').description('write a seeded phantom study with its truth').argument('<phantom>', 'for example chest-ct')
  .requiredOption('--seed <n>', 'a seed, or a range such as 1-20').requiredOption('--out <dir>', 'folder to write to')
  .option('--fresh-uids', 'new UIDs instead of those of the seed').option('--slices <n>', 'number of slices').option('--matrix <n>', 'rows and columns').option('--findings <n>', 'number of findings')
  .action(async (phantom: string, options: GenerateOptions) => exit((await import('./app/cli/generate.ts')).generate(phantom, options)));

program.command('demo').description('a whole gateway, a chest CT sent to it, every hop printed as it happens')
  .option('--exit', 'stop when all hops are done; non-zero if one failed').option('--seed <n>', 'seed of the phantom', '7').option('--slices <n>', 'number of slices', '130')
  .action(async (options: DemoOptions) => exit(await (await import('./app/cli/demo.ts')).demo(options)));

program.command('trace').description('print every hop of a study or instance').argument('<uid>').option(...CONFIG)
  .action(async (uid: string, options: object) => exit(await (await import('./app/cli/trace.ts')).trace(uid, options)));

program.command('ledger').description('print what is proven of a study, per object and destination; without UID what is not proven').argument('[uid]').option(...CONFIG)
  .option('--check', 'hold all that was acknowledged against what is accounted for').option('--json', 'as JSON')
  .action(async (uid: string | undefined, options: LedgerOptions) => exit(await (await import('./app/cli/ledger.ts')).ledger(uid, options)));

for (const [verb, does] of [['hold', 'hold deliveries that wait'], ['release', 'let held deliveries go'], ['cancel', 'cancel deliveries that have not left'], ['resend', 'send again what was delivered, is dead or cancelled'], ['replay', 'put dead letters back in the queue']] as const) {
  program.command(verb === 'replay' ? 'dead-letters' : `delivery-${verb}`).description(does).option(...CONFIG)
    .option('--id <ids...>', 'numbers of messages').option('--destination <name>', 'those of a destination').option('--study <uid>', 'those of a study').option('--code <code>', 'those that failed with this code last')
    .option('--by <name>', 'who; your login unless told').option('--reason <text>', 'why; it is kept in the audit log')
    .action(async (options: ByHandOptions) => exit(await (await import('./app/cli/by-hand.ts')).byHand(verb, options)));
}
program.command('send-study').description('send a study to a destination, whether it went there before or not').argument('<uid>', 'Study Instance UID').requiredOption('--destination <name>', 'name of the configuration').option(...CONFIG)
  .option('--what <what>', 'results, originals or all', 'results').option('--by <name>', 'who; your login unless told').option('--reason <text>', 'why')
  .action(async (uid: string, options: ByHandOptions) => exit(await (await import('./app/cli/by-hand.ts')).sendStudyByHand(uid, options)));
program.command('rerun').description('run the models of a study once more, as its next revision').argument('<uid>', 'Study Instance UID').option('--model <id>', 'only this one').option(...CONFIG)
  .option('--by <name>', 'who; your login unless told').option('--reason <text>', 'why')
  .action(async (uid: string, options: ByHandOptions) => exit(await (await import('./app/cli/by-hand.ts')).rerunByHand(uid, options)));
program.command('selftest').description('send a phantom study through the whole path of the running gateway and report').option(...CONFIG)
  .option('--timeout <seconds>', 'longest wait for the whole path', '300').option('--phantom <name>', 'which phantom', 'chest-ct').option('--slices <n>', 'number of slices', '60')
  .option('--to <peer>', 'AE@host:port of the DICOM listener; the one of the configuration unless told').option('--calling <ae>', 'AE title it calls with; rules may ask for it', 'SELFTEST')
  .action(async (options: SelftestOptions) => exit(await (await import('./app/cli/selftest.ts')).selftest(options)));

program.command('explain').description('print why each rule did or did not run its models on a study').argument('<uid>', 'Study Instance UID').option(...CONFIG)
  .action(async (uid: string, options: object) => exit(await (await import('./app/cli/explain.ts')).explain(uid, options)));

program.command('evaluate').description('run a model on seeded phantoms and print its figures').argument('<model-id>', 'for example ref-lung-nodule-ct')
  .requiredOption('--seeds <range>', 'for example 900-929').option('--json <file>', 'file to write the figures to').option('--models-dir <dir>', 'folder of model folders')
  .action(async (modelId: string, options: EvaluateOptions) => exit(await (await import('./app/cli/evaluate.ts')).evaluate(modelId, options)));

const model = program.command('model').description('models');
model.command('check').description('check a model folder, run its self-test, print time and memory').argument('<dir>', 'folder with model.yaml')
  .option('--write-digests', 'first put the digests of the files into model.yaml')
  .action(async (dir: string, options: ModelCheckOptions) => exit(await (await import('./app/cli/model-check.ts')).modelCheck(dir, options)));

model.command('list').description('every version of every model, its state, who set it and why').option(...CONFIG)
  .action(async (options: object) => exit(await (await import('./app/cli/model-registry.ts')).modelList(options)));
model.command('state').description('put a version to use or out of it').argument('<id>', 'ID, ID@VERSION or ID@DIGEST').argument('<state>', 'active, canary, shadow, validated, registered, retired, quarantined')
  .requiredOption('--reason <text>', 'why; it is kept').option('--by <name>', 'who; your login unless told').option('--share <percent>', 'of studies, for a canary').option(...CONFIG)
  .action(async (id: string, state: string, options: ModelStateOptions) => exit(await (await import('./app/cli/model-registry.ts')).modelState(id, state, options)));
model.command('history').description('who changed the state of a version, and why').argument('<id>', 'ID, ID@VERSION or ID@DIGEST').option(...CONFIG)
  .action(async (id: string, options: object) => exit(await (await import('./app/cli/model-registry.ts')).modelHistoryOf(id, options)));
model.command('rescan').description('have the running gateway look at its models folder now').option(...CONFIG)
  .action(async (options: object) => exit(await (await import('./app/cli/model-registry.ts')).modelRescan(options)));

program.command('check').description('check SR and SEG files, also against their source images').argument('<files...>', 'files and folders')
  .action(async (files: string[]) => exit((await import('./app/cli/check.ts')).checkObjects(files)));

program.command('findings').description('print what an SR or SEG file says, as JSON').argument('<file>')
  .action(async (file: string) => exit((await import('./app/cli/findings.ts')).findings(file)));

const store = program.command('store').description('the segment store');
store.command('check').description('read every record and hold the index to it').option(...CONFIG)
  .action(async (options: object) => exit(await (await import('./app/cli/store-check.ts')).storeCheck(options)));

const quarantine = program.command('quarantine').description('objects that are kept and not served, until a person decides');
quarantine.command('list').description('what waits, oldest first').option('--study <uid>', 'of one study').option('--json', 'as JSON').option(...CONFIG)
  .action(async (options: QuarantineListOptions) => exit(await (await import('./app/cli/quarantine.ts')).quarantineList(options)));
for (const [verb, decision, what] of [['release', 'released', 'serve an object in the study it names'], ['discard', 'discarded', 'leave an object unseen for good']] as const) {
  quarantine.command(verb).description(what).argument('<id>', 'number of `quarantine list`').option('--by <name>', 'who; your login unless told').option(...CONFIG)
    .action(async (id: string, options: QuarantineDecideOptions) => exit(await (await import('./app/cli/quarantine.ts')).quarantineDecide(id, decision, options)));
}

const study = program.command('study').description('holding studies');
study.command('held').description('the studies that wait for a person').option(...CONFIG)
  .action(async (options: object) => exit(await (await import('./app/cli/hold.ts')).studiesHeld(options)));
for (const [verb, decision, what] of [['hold', 'held', 'let no rule run on a study'], ['release', 'released', 'let a held study go on']] as const) {
  study.command(verb).description(what).argument('<uid>', 'Study Instance UID').requiredOption('--reason <text>', 'why; it is kept').option('--by <name>', 'who; your login unless told').option(...CONFIG)
    .action(async (uid: string, options: StudyDecideOptions) => exit(await (await import('./app/cli/hold.ts')).studyDecide(uid, decision, options)));
}

const audit = program.command('audit').description('the audit log');
audit.command('verify').description('recompute its hash chain').option(...CONFIG)
  .action(async (options: object) => exit(await (await import('./app/cli/audit-verify.ts')).auditVerify(options)));

function exit(code: number): void {
  process.exitCode = code;
}

try {
  await program.parseAsync();
} catch (thrown) {
  exit(await codeOf(thrown));
}

async function codeOf(thrown: unknown): Promise<number> {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2; // commander has said what is wrong
  const { UsageError } = await import('./app/cli/command-config.ts');
  if (thrown instanceof UsageError) {
    console.error(thrown.message);
    return 2;
  }
  if (thrown instanceof GatewayError) console.error(`isocenter: ${thrown.code}: ${thrown.message}`);
  else console.error(thrown);
  return 1;
}
