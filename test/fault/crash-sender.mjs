// A modality under test: sends its instances over several associations, reconnects when the gateway dies, sends again what was not
// answered, and says on stdout which instances were acknowledged. Ends when all are.
import { CT, pData, RawStoreScu, storeCommand } from '../support/raw-store-scu.mjs';
import { crashInstance, dataSetOf } from './crash-content.mjs';

const { port, run, count, connections, first = 0 } = JSON.parse(process.argv[2]);
const waiting = Array.from({ length: count }, (_, i) => first + i);
let open = 0;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function sendSome(scu, most) {
  for (let sent = 0; sent < most && waiting.length > 0; sent += 1) {
    const index = waiting.shift();
    open += 1;
    try {
      const instance = crashInstance(run, index);
      const parts = [pData(1, true, storeCommand(CT, instance.sop, index & 0x7fff), true, scu.maxPdu), pData(1, false, dataSetOf(instance), true, scu.maxPdu)];
      const status = await scu.store(parts);
      // Anything but success is "not stored": sent again, like a modality's queue does.
      if (status === 0) process.stdout.write(`ack ${instance.sop}\n`);
      else {
        process.stdout.write(`status ${status.toString(16)} ${instance.sop}\n`);
        waiting.push(index);
        await pause(50);
      }
    } catch (error) {
      waiting.push(index);
      throw error;
    } finally {
      open -= 1;
    }
  }
}

async function work() {
  while (waiting.length > 0 || open > 0) {
    try {
      const scu = await RawStoreScu.connect({ port, calling: 'CRASHSCU' });
      await sendSome(scu, 40);
      await scu.release();
    } catch {
      await pause(30);
    }
    if (waiting.length === 0) await pause(20);
  }
}

await Promise.all(Array.from({ length: connections }, work));
process.stdout.write('done\n');
