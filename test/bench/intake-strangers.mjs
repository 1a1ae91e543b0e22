// How fast an echo is answered while others do nothing: 40 connections that never say a word and 20 whose A-ASSOCIATE-RQ comes one byte a second.
import net from 'node:net';
import { associateRq, pData, RawStoreScu } from '../support/raw-store-scu.mjs';

const VERIFICATION = '1.2.840.10008.1.1';
const SILENT = 40;
const SLOW = 20;
const ECHOES = 200;

export async function echoAmongStrangers({ port, called }) {
  const alone = await echoes({ port, called });
  const sockets = await Promise.all(Array.from({ length: SILENT + SLOW }, () => connected(port)));
  const request = associateRq({ called, calling: 'SLOW', pduLength: 16_384 });
  let at = 0;
  const drip = () => {
    for (const socket of sockets.slice(SILENT)) if (!socket.destroyed) socket.write(request.subarray(at, at + 1));
    at += 1;
  };
  drip();
  const timer = setInterval(drip, 1_000);
  try {
    return { alone, among: await echoes({ port, called }), strangers: sockets.filter((socket) => !socket.destroyed).length };
  } finally {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  }
}

/** Association, C-ECHO, release, one after the other: milliseconds. */
async function echoes({ port, called }) {
  const times = [];
  for (let i = 0; i < ECHOES; i += 1) {
    const began = performance.now();
    const scu = await RawStoreScu.connect({ port, called, sopClass: VERIFICATION, pduLength: 16_384 });
    const status = await scu.store([pData(1, true, echoCommand(i & 0x7fff), true, scu.maxPdu)]);
    await scu.release();
    if (status !== 0) throw new Error(`C-ECHO was answered ${status.toString(16)}`);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { p50Ms: times[ECHOES >> 1], p99Ms: times[Math.floor(ECHOES * 0.99)], maxMs: times.at(-1) };
}

function echoCommand(messageId) {
  const element = (number, value) => {
    const header = Buffer.alloc(8);
    header.writeUInt16LE(number, 2);
    header.writeUInt32LE(value.length, 4);
    return Buffer.concat([header, value]);
  };
  const u16 = (value) => Buffer.from([value & 0xff, value >> 8]);
  const body = Buffer.concat([element(2, Buffer.from(`${VERIFICATION}\0`)), element(0x100, u16(0x30)), element(0x110, u16(messageId)), element(0x800, u16(0x101))]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([element(0, length), body]);
}

function connected(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => resolve(socket));
    socket.on('error', reject);
  });
}
