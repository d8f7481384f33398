/**
 * What a commit costs: SQLite on the event loop against SQLite in a thread, with 1, 16 and 256 rows a commit.
 *
 * Run by hand after a build: `node packages/runtime/benchmark/memberStore.mjs [FOLDER]`. FOLDER is on the disk to be measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import runtime from '../lib/index.js';

const parent = process.argv[2] ?? tmpdir();
const entryBytes = 150;
const durationMs = 2000;

/** Commits one group after the other: the time of a group is what a client alone would wait for. */
async function measure(mode, rowCount, preallocated) {
  const folder = mkdtempSync(join(parent, 'zookafka-bench-'));
  let onDurable;
  const store = await runtime.openMemberStore({
    folder,
    serverId: 1,
    mode,
    ...(preallocated ? {} : { walBytesPreallocated: 0 }),
    events: {
      onDurable: () => onDurable(),
      onSnapshotStored: () => undefined,
      onFailed: (error) => {
        throw error;
      },
    },
  });
  const bytes = new Uint8Array(entryBytes);
  const times = [];
  let zxid = 0;
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  while (performance.now() - start < durationMs) {
    const groupStart = performance.now();
    const durable = new Promise((resolve) => {
      onDurable = resolve;
    });
    for (let row = 1; row <= rowCount; row++) {
      zxid++;
      const token = row === rowCount ? zxid : undefined;
      store.submit({ kind: 'append', entries: [{ zxid, bytes }], committedZxid: 0 }, token);
    }
    await durable;
    times.push(performance.now() - groupStart);
  }
  const cpu = process.cpuUsage(cpuBefore);
  loop.disable();
  await store.close();
  rmSync(folder, { recursive: true });
  times.sort((left, right) => left - right);
  const at = (share) => (times[Math.floor(times.length * share)] * 1000).toFixed(0);
  return {
    mode,
    'log of zeros': preallocated ? 'yes' : 'no',
    'rows a commit': rowCount,
    'p50 us': at(0.5),
    'p99 us': at(0.99),
    'rows a second': Math.round(zxid / (durationMs / 1000)),
    'CPU us a row': ((cpu.user + cpu.system) / zxid).toFixed(1),
    'loop delay p99 us': (loop.percentile(99) / 1000).toFixed(0),
  };
}

const rows = [];
for (const rowCount of [1, 16, 256]) {
  for (const mode of ['loop', 'worker']) rows.push(await measure(mode, rowCount, true));
}
rows.push(await measure('loop', 1, false), await measure('worker', 1, false));
console.table(rows);
