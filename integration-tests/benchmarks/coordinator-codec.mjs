/*
 * What the straight-line code of hot records saves against the interpreter of their definitions.
 *
 *     npm run build && node integration-tests/benchmarks/coordinator-codec.mjs
 *
 * Nanoseconds to write and read one record, medians of 15 rounds in turn.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { ByteReader, ByteWriter } = require('@zookafka/base');
const wire = require('@zookafka/zookeeper-wire');

const session = { high: 0x01000000, low: 7 };
const zxid = 0x1_0000_0007;
const values = {
  TxnHeader: { clientId: session, cxid: 9, zxid, time: 1_700_000_000_000, type: 5 },
  SetDataTxn: { path: '/brokers/topics/a/state', data: new Uint8Array(100), version: 3 },
  Stat: {
    czxid: zxid,
    mzxid: zxid,
    ctime: 1_700_000_000_000,
    mtime: 1_700_000_000_000,
    version: 3,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: session,
    dataLength: 100,
    numChildren: 0,
    pzxid: zxid,
  },
};
const forms = {
  interpreted: { read: wire.interpretRead, write: wire.interpretWrite },
  'straight-line': { read: wire.readRecord, write: wire.writeRecord },
};
const rounds = 15;
const count = 100_000;

function nanoseconds({ read, write }, name) {
  const writer = new ByteWriter(1024);
  let seen = 0;
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index++) {
    writer.reset();
    write(writer, name, values[name]);
    seen += Object.keys(read(new ByteReader(writer.view()), name)).length;
  }
  const taken = Number(process.hrtime.bigint() - start) / count;
  if (seen === 0) throw new Error('Nothing was read');
  return taken;
}

const taken = new Map();
for (let round = 0; round < rounds; round++) {
  for (const name of Object.keys(values)) {
    for (const [form, codec] of Object.entries(forms)) {
      const key = `${name} ${form}`;
      taken.set(key, [...(taken.get(key) ?? []), nanoseconds(codec, name)]);
    }
  }
}
console.log('| record | interpreted | straight-line |\n| --- | --- | --- |');
for (const name of Object.keys(values)) {
  const medians = Object.keys(forms).map((form) => {
    const sorted = taken.get(`${name} ${form}`).sort((left, right) => left - right);
    return Math.round(sorted[rounds >> 1]);
  });
  console.log(`| ${name} | ${medians.join(' | ')} |`);
}
