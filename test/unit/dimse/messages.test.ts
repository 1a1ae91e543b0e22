import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Command } from '../../../src/standards/dimse/command.ts';
import { encodeCommand } from '../../../src/standards/dimse/command-codec.ts';
import { MessageAssembler } from '../../../src/standards/dimse/message-assembler.ts';
import { commandPdus, DataSetFragmenter } from '../../../src/standards/dimse/message-fragments.ts';
import { PduDecoder } from '../../../src/standards/upper-layer/pdu-decoder.ts';
import { echoRq, storeRq } from '../../support/dimse-raw-peer.ts';

interface Heard {
  readonly events: string[];
  readonly commands: Command[];
  data: Buffer;
}

function assembler(): { heard: Heard; take: MessageAssembler } {
  const heard: Heard = { events: [], commands: [], data: Buffer.alloc(0) };
  const take = new MessageAssembler(
    {
      command(contextId, command) {
        heard.events.push(`command ${contextId}`);
        heard.commands.push(command);
      },
      data(bytes) {
        heard.data = Buffer.concat([heard.data, bytes]);
      },
      dataEnd: () => heard.events.push('end'),
      fault: (detail) => heard.events.push(`fault: ${detail}`),
    },
    1_000,
  );
  return { heard, take };
}

/** Bits of the message control header. */
const COMMAND = 1;
const LAST = 2;

suite('message assembler', () => {
  test('a command of one fragment and a data set of three come out in order  [PS3.8 §E.1]', () => {
    const { heard, take } = assembler();

    take.fragment(1, COMMAND | LAST, encodeCommand(storeRq(1)), true);
    for (const [control, text] of [[0, 'ab'], [0, 'cd'], [LAST, 'ef']] as const) take.fragment(1, control, Buffer.from(text), true);

    assert.deepEqual(heard.events, ['command 1', 'end']);
    assert.equal(heard.data.toString(), 'abcdef');
    assert.equal(take.isBetweenMessages, true);
  });

  test('a command in single bytes is put together', () => {
    const { heard, take } = assembler();
    const bytes = encodeCommand(echoRq(9));

    for (const [index, byte] of bytes.entries()) take.fragment(3, index === bytes.length - 1 ? COMMAND | LAST : COMMAND, Uint8Array.of(byte), true);

    assert.deepEqual(heard.commands, [echoRq(9)]);
  });

  test('a last fragment without bytes ends the data set  [PS3.8 §E.2]', () => {
    const { heard, take } = assembler();

    take.fragment(1, COMMAND | LAST, encodeCommand(storeRq(1)), true);
    take.fragment(1, 0, Buffer.from('ab'), true);
    take.fragment(1, LAST, new Uint8Array(0), true);

    assert.deepEqual(heard.events, ['command 1', 'end']);
    assert.equal(heard.data.toString(), 'ab');
  });

  test('the last flag counts at the end of the PDV, not of its first piece', () => {
    const { heard, take } = assembler();

    take.fragment(1, COMMAND | LAST, encodeCommand(storeRq(1)), true);
    take.fragment(1, LAST, Buffer.from('ab'), false);
    assert.deepEqual(heard.events, ['command 1']);
    take.fragment(1, LAST, Buffer.from('cd'), true);

    assert.deepEqual(heard.events, ['command 1', 'end']);
  });

  for (const [what, play] of [
    ['a data set without a command', (take: MessageAssembler) => take.fragment(1, LAST, Buffer.from('ab'), true)],
    ['a data set after a command that has none', (take: MessageAssembler) => { take.fragment(1, COMMAND | LAST, encodeCommand(echoRq(1)), true); take.fragment(1, LAST, Buffer.from('ab'), true); }],
    ['a command where its data set is due', (take: MessageAssembler) => { for (let i = 0; i < 2; i += 1) take.fragment(1, COMMAND | LAST, encodeCommand(storeRq(1)), true); }],
    ['fragments of two contexts', (take: MessageAssembler) => { take.fragment(1, COMMAND | LAST, encodeCommand(storeRq(1)), true); take.fragment(3, LAST, Buffer.from('ab'), true); }],
    ['a command set over the limit', (take: MessageAssembler) => { for (let i = 0; i < 3; i += 1) take.fragment(1, COMMAND, Buffer.alloc(400), true); }],
    ['a command set that cannot be read', (take: MessageAssembler) => take.fragment(1, COMMAND | LAST, Buffer.from('rubbish'), true)],
  ] as const) {
    test(`${what} is a fault  [PS3.7 §8.1]`, () => {
      const { heard, take } = assembler();

      play(take);

      assert.match(heard.events.at(-1)!, /^fault/);
    });
  }
});

suite('message fragments', () => {
  test('commands and data sets of any size arrive whole, and no P-DATA-TF is longer than the peer takes  [PS3.8 §D.1]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 600 }), fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), (maxLength, chunks) => {
        const { heard, take } = assembler();
        const fragmenter = new DataSetFragmenter(1, maxLength);
        // The decoder refuses what is longer than `maxLength`.
        const decoder = new PduDecoder(
          { maxPDataLength: maxLength, maxAssociateLength: 1_000 },
          { pdu() {}, pData() {}, fragment: (...args) => take.fragment(...args), fault: (fault) => heard.events.push(`fault: ${fault.detail}`) },
        );

        decoder.push(commandPdus(1, storeRq(1), maxLength));
        for (const chunk of chunks) for (const part of fragmenter.push(chunk)) decoder.push(part);
        for (const part of fragmenter.end()) decoder.push(part);

        assert.deepEqual(heard.events, ['command 1', 'end']);
        assert.deepEqual(heard.commands, [storeRq(1)]);
        assert.deepEqual(heard.data, Buffer.concat(chunks));
      }),
      { numRuns: 200 },
    );
  });

  test('all fragments but the last are full, whatever the chunks', () => {
    const fragmenter = new DataSetFragmenter(1, 106);
    const lengths: number[] = [];
    const note = (parts: readonly Uint8Array[]): void => {
      let at = 0;
      const bytes = Buffer.concat(parts);
      for (; at < bytes.length; at += 6 + bytes.readUInt32BE(at + 2)) lengths.push(bytes.readUInt32BE(at + 2));
    };

    for (let sent = 0; sent < 250; sent += 10) note(fragmenter.push(Buffer.alloc(10)));
    note(fragmenter.end());

    assert.deepEqual(lengths, [106, 106, 56]);
  });

  test('an empty data set is one empty last fragment', () => {
    assert.equal(Buffer.concat(new DataSetFragmenter(1, 0).end()).toString('hex'), '040000000006000000020102');
  });
});
