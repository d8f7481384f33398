import { bytesConcat, bytesToHex } from '@zookafka/base';
import { logConfigDefault, type RecoveredLog, TailCache } from '@zookafka/partition-log';
import {
  appendBatch,
  batchOf,
  directory,
  newDisk,
  openLog,
  placedBatch,
  readAll,
  resourcesOf,
  smallConfig,
  refusal,
} from './logFixture.ts';

const all = { maxBytes: 1 << 20, minOneBatch: true, upToOffset: Number.MAX_SAFE_INTEGER };

test('gives back what was appended, from memory and from files', () => {
  const disk = newDisk();
  const log = openLog(disk);
  const batches = Array.from({ length: 50 }, (_, index) => appendBatch(log, { fill: index }));
  expect(bytesToHex(readAll(log))).toBe(bytesToHex(bytesConcat(batches)));
  const cold = openLog(disk, { resources: resourcesOf(disk, 0) });
  expect(cold.describe()).toMatchObject({ logStartOffset: 0, logEndOffset: 50, cut: undefined });
  expect(cold.segmentCount).toBeGreaterThan(3);
  expect(bytesToHex(readAll(cold))).toBe(bytesToHex(bytesConcat(batches)));
  expect(bytesToHex(readAll(cold, 0, 1))).toBe(bytesToHex(bytesConcat(batches)));
});

test('an append is one write, and a read at the tail is none', () => {
  const disk = newDisk();
  const log = openLog(disk, { config: logConfigDefault });
  appendBatch(log);
  const { append, read, open, sync } = disk.counts;
  const chunk = appendBatch(log, { valueBytes: 16 * 1024 });
  const found = log.read({ offset: 1, ...all });
  expect(disk.counts).toEqual({ append: append + 1, read, open, sync });
  expect(found.chunks[0]).toBe(chunk);
});

test('a read ends before the high watermark, at whole batches, and gives one too large batch if asked', () => {
  const log = openLog(newDisk(), { resources: resourcesOf(newDisk(), 0) });
  const size = appendBatch(log, { records: 3 }).length;
  appendBatch(log, { records: 3 });
  expect(log.read({ offset: 1, ...all, upToOffset: 3 }).offsetNext).toBe(3);
  expect(log.read({ offset: 1, ...all, upToOffset: 2 }).bytes).toBe(0);
  expect(log.read({ offset: 4, ...all, maxBytes: 10 }).bytes).toBe(size);
  expect(log.read({ offset: 4, ...all, maxBytes: 10, minOneBatch: false }).bytes).toBe(0);
  expect(log.read({ offset: 0, ...all, maxBytes: size + 5 }).bytes).toBe(size);
  expect(() => log.read({ offset: 7, ...all })).toThrow(refusal('OFFSET_OUT_OF_RANGE'));
});

test('reads from memory end at whole batches too', () => {
  const log = openLog(newDisk(), { config: logConfigDefault });
  const three = bytesConcat([0, 1, 2].map((offset) => placedBatch(offset, 0)));
  const size = three.length / 3;
  log.append([three]);
  appendBatch(log);
  expect(log.read({ offset: 1, ...all, maxBytes: size + 1 })).toMatchObject({
    bytes: size,
    offsetNext: 2,
  });
  expect(log.read({ offset: 0, ...all, upToOffset: 2 })).toMatchObject({
    bytes: 2 * size,
    offsetNext: 2,
  });
  expect(log.read({ offset: 1, ...all })).toMatchObject({ bytes: 3 * size, offsetNext: 4 });
});

test.each([
  ['an offset below the end', [placedBatch(4, 0)], 'APPEND_OUT_OF_ORDER'],
  ['a leader epoch that falls', [placedBatch(5, 2), placedBatch(6, 1)], 'APPEND_OUT_OF_ORDER'],
  ['half a batch', [placedBatch(5, 3).subarray(0, 65)], 'BATCH_BROKEN'],
  ['no batch', [new Uint8Array(100)], 'BATCH_BROKEN'],
])('refuses %s and stays as it was', (_, chunks, code) => {
  const log = openLog(newDisk());
  for (let count = 0; count < 5; count++) appendBatch(log);
  const before = log.describe();
  expect(() => log.append(chunks)).toThrow(refusal(code));
  expect(log.describe()).toEqual(before);
  appendBatch(log);
});

test('follows a leader whose compaction left gaps', () => {
  const log = openLog(newDisk(), { resources: resourcesOf(newDisk(), 0) });
  log.append([placedBatch(0, 0), placedBatch(10, 0)]);
  expect(log.read({ offset: 3, ...all }).offsetNext).toBe(11);
});

test('rolls when a segment is full, old, or its index is full', () => {
  const bySize = openLog(newDisk());
  const size = batchOf().length;
  for (let count = 0; count < 2 * Math.floor(1000 / size); count++) appendBatch(bySize);
  expect(bySize.segmentCount).toBe(2);
  const byAge = openLog(newDisk(), { config: { ...smallConfig, segmentMs: 50 } });
  for (const timestamp of [100, 150, 151, 120]) appendBatch(byAge, { timestamp });
  expect(byAge.segmentCount).toBe(2);
  const byIndex = openLog(newDisk(), {
    config: { ...logConfigDefault, indexIntervalBytes: 0, segmentIndexBytes: 24 },
  });
  for (let count = 0; count < 5; count++) appendBatch(byIndex, { timestamp: count });
  expect(byIndex.segmentCount).toBeGreaterThan(1);
});

test('finds offsets by timestamp, exactly where nothing is compressed', () => {
  const disk = newDisk();
  const log = openLog(disk);
  for (let count = 0; count < 30; count++) appendBatch(log, { records: 3, timestamp: count * 10 });
  expect(log.offsetForTimestamp(0)).toMatchObject({ offset: 0, timestamp: 0 });
  expect(log.offsetForTimestamp(102)).toMatchObject({ offset: 32, timestamp: 102 });
  expect(log.offsetForTimestamp(103)).toMatchObject({ offset: 33, timestamp: 110 });
  expect(log.offsetForTimestamp(293)).toBeUndefined();
  expect(log.largestTime()).toEqual({ timestamp: 292, lastOffset: 89 });
  log.close();
  const again = openLog(disk, { isClean: true });
  for (let time = 0; time < 293; time++) {
    const offset = Math.floor(time / 10) * 3 + (time % 10 > 2 ? 3 : time % 10);
    expect(again.offsetForTimestamp(time)?.offset).toBe(offset);
  }
  again.advanceLogStart(31);
  expect(again.offsetForTimestamp(0)).toMatchObject({ offset: 31 });
});

test('a clean start reads little and trusts what was closed', () => {
  const disk = newDisk();
  const log = openLog(disk);
  for (let count = 0; count < 40; count++) appendBatch(log, { producerId: 5, baseSequence: count });
  log.close();
  const again = openLog(disk, { isClean: true });
  expect(again.describe()).toEqual({ ...log.describe(), recoveryPoint: 40 });
  expect(
    again.producers.judge(5, { producerEpoch: 0, firstSequence: 39, lastSequence: 39 }),
  ).toEqual(expect.objectContaining({ verdict: 'duplicate' }));
  const appends = disk.counts.append;
  again.close();
  expect(disk.counts.append).toBe(appends);
});

test('truncation cuts whole batches, epochs, producers and the recovery point, which it saves first', () => {
  const disk = newDisk();
  const saved: number[] = [];
  const log = openLog(disk, {
    saveCheckpoints: () => {
      saved.push(log.recoveryPoint);
    },
  });
  for (let count = 0; count < 30; count++) {
    appendBatch(log, { records: 2, producerId: 1, baseSequence: count * 2 }, count);
  }
  log.flush();
  const cut = log.truncateTo(21);
  expect(cut).toMatchObject({ logEndOffset: 20, recoveryPoint: 20 });
  expect(saved).toEqual([20]);
  expect(cut.epochs[cut.epochs.length - 1]).toEqual({ epoch: 9, startOffset: 18 });
  expect(cut.producers).toMatchObject([{ producerId: 1, lastSequence: 19, lastOffset: 19 }]);
  appendBatch(log, { records: 2, producerId: 1, baseSequence: 20 }, 50);
  expect(log.read({ offset: 20, ...all }).offsetNext).toBe(22);
  expect(log.truncateTo(25)).toMatchObject({ logEndOffset: 22 });
});

test('a truncation that cuts nothing still removes epochs that contradict it', () => {
  const log = openLog(newDisk());
  appendBatch(log);
  log.assignEpoch(3, 1);
  expect(log.truncateTo(1).epochs).toEqual([{ epoch: 0, startOffset: 0 }]);
});

test('a full truncation starts anew, below the old start too, and survives a restart', () => {
  const disk = newDisk();
  const log = openLog(disk);
  for (let count = 0; count < 30; count++) appendBatch(log);
  expect(log.truncateFullyAndStartAt(100)).toMatchObject({
    logStartOffset: 100,
    logEndOffset: 100,
    epochs: [],
    segments: 1,
  });
  appendBatch(log, {}, 4);
  expect(openLog(disk).describe()).toMatchObject({ logStartOffset: 100, logEndOffset: 101 });
  expect(log.truncateTo(50)).toMatchObject({ logStartOffset: 50, logEndOffset: 50 });
});

test('retention removes whole segments, oldest first, never past the high watermark', () => {
  const disk = newDisk();
  const log = openLog(disk);
  for (let count = 0; count < 100; count++) appendBatch(log, { timestamp: count });
  const none = { nowMs: 0, retentionMs: -1, retentionBytes: -1, highWatermark: 100 };
  expect(log.deleteOldSegments(none)).toBe(0);
  expect(log.deleteOldSegments({ ...none, retentionBytes: 0, highWatermark: 25 })).toBe(2);
  expect(log.logStartOffset).toBe(24);
  log.advanceLogStart(40);
  expect(log.deleteOldSegments(none)).toBe(1);
  expect([log.logStartOffset, log.firstSegmentOffset]).toEqual([40, 36]);
  expect(log.deleteOldSegments({ ...none, nowMs: 110, retentionMs: 50 })).toBe(2);
  expect(log.deleteOldSegments({ ...none, retentionBytes: 2000 })).toBe(1);
  expect(log.bytes).toBeGreaterThanOrEqual(2000);
  expect(log.deleteOldSegments({ ...none, retentionBytes: 0 })).toBeGreaterThan(0);
  expect(log.describe()).toMatchObject({ logStartOffset: 100, logEndOffset: 100, segments: 1 });
  expect(openLog(disk).logEndOffset).toBe(100);
});

test('after a failed write or sync the log refuses everything but reads', () => {
  const disk = newDisk();
  const log = openLog(disk, { config: logConfigDefault });
  appendBatch(log);
  disk.beforeChange = (act) => {
    if (act === 'sync') throw new Error('EIO');
  };
  expect(() => {
    log.flush();
  }).toThrow('EIO');
  disk.beforeChange = () => undefined;
  expect(log.recoveryPoint).toBe(0);
  expect(() => appendBatch(log)).toThrow(refusal('LOG_FAILED'));
  expect(log.read({ offset: 0, ...all }).offsetNext).toBe(1);
  log.close();
});

test('a flush that began before a truncation confirms nothing', () => {
  const log = openLog(newDisk());
  for (let count = 0; count < 5; count++) appendBatch(log);
  const plan = log.flushPlan();
  log.truncateTo(2);
  for (let count = 0; count < 5; count++) appendBatch(log, {}, 1);
  log.onFlushed(plan);
  expect(log.recoveryPoint).toBe(0);
  log.flush();
  expect(log.recoveryPoint).toBe(7);
});

test('an index that lies is found out and rebuilt', () => {
  const disk = newDisk();
  const config = { ...logConfigDefault, indexIntervalBytes: 200 };
  const log = openLog(disk, { config });
  for (let count = 0; count < 60; count++) appendBatch(log, { timestamp: count });
  const wanted = bytesToHex(readAll(log));
  log.close();
  for (const suffix of ['index', 'timeindex']) {
    const path = `${directory}/00000000000000000000.${suffix}`;
    const good = disk.bytesOf(path);
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice();
      bad[at] = (bad[at] as number) ^ (1 << (at % 8));
      disk.overwrite(path, bad);
      const again = openLog(disk, { config, isClean: true, resources: resourcesOf(disk, 0) });
      expect(again.logEndOffset).toBe(60);
      for (const offset of [0, 7, 30, 59]) {
        expect(bytesToHex(again.read({ offset, ...all }).chunks[0] as Uint8Array)).toBe(
          wanted.slice((offset * wanted.length) / 60),
        );
        expect(again.offsetForTimestamp(offset)?.offset).toBe(offset);
      }
      expect(again.largestTime()?.timestamp).toBe(59);
    }
    disk.overwrite(path, good);
  }
});

test.each([true, false])(
  'each flipped bit of the last batch is found: clean stop %s',
  (isClean) => {
    const disk = newDisk();
    const log = openLog(disk, { config: logConfigDefault });
    const size = appendBatch(log).length;
    appendBatch(log);
    log.close();
    const path = `${directory}/00000000000000000000.log`;
    const good = disk.bytesOf(path);
    const describeWith = (bytes: Uint8Array): RecoveredLog => {
      disk.overwrite(path, bytes);
      return openLog(disk, { config: logConfigDefault, isClean, recoveryPoint: 2 }).describe();
    };
    for (let bit = 8 * size; bit < 16 * size; bit++) {
      const at = bit >>> 3;
      const bad = good.slice();
      bad[at] = (bad[at] as number) ^ (1 << (bit & 7));
      const { cut, logEndOffset } = describeWith(bad);
      // Offset and leader epoch are not under the checksum: only what would fall is found.
      const isChecked = at >= size + 16 || (at >= size + 8 && at < size + 12);
      if (!isChecked) continue;
      expect(logEndOffset).toBe(1);
      expect(cut).toMatchObject({ offset: 1, bytes: size, wasFlushed: true });
    }
  },
);

test('a chunk that would hold much more memory than its own is copied into the cache', () => {
  const slab = new Uint8Array(1 << 16);
  const log = openLog(newDisk(), { config: logConfigDefault });
  const placed = placedBatch(0, 0);
  slab.set(placed);
  log.append([slab.subarray(0, placed.length)]);
  expect(log.read({ offset: 0, ...all }).chunks[0]?.buffer.byteLength).toBe(placed.length);
});

test('the cache is bounded over all logs, the oldest chunk goes first', () => {
  const disk = newDisk();
  const tailCache = new TailCache({ bytesMax: 500, countMax: 100 });
  const resources = { ...resourcesOf(disk), tailCache };
  disk.makeDirectory('/data/topic-1');
  const first = openLog(disk, { resources });
  const second = openLog(disk, { resources, directory: '/data/topic-1' });
  appendBatch(first);
  for (let count = 0; count < 20; count++) appendBatch(second);
  expect(tailCache.bytesHeld).toBeLessThanOrEqual(500);
  const { read } = disk.counts;
  expect(first.read({ offset: 0, ...all }).offsetNext).toBe(1);
  expect(disk.counts.read).toBeGreaterThan(read);
});

test('segments go one by one and durably, so that a crash leaves no hole', () => {
  const acts: string[] = [];
  const disk = newDisk();
  const log = openLog(disk);
  for (let count = 0; count < 48; count++) appendBatch(log);
  const limits = { nowMs: 0, retentionMs: -1, retentionBytes: 2500, highWatermark: 48 };
  disk.beforeChange = (act, path) => {
    if (act === 'syncDirectory') acts.push('sync');
    if (act === 'remove' && path.endsWith('.log')) acts.push(String(Number(path.slice(-24, -4))));
  };
  log.truncateTo(13);
  expect(acts.slice(0, 4)).toEqual(['36', 'sync', '24', 'sync']);
  for (let count = 0; count < 60; count++) appendBatch(log);
  acts.length = 0;
  log.deleteOldSegments(limits);
  expect(acts.slice(0, 3)).toEqual(['0', 'sync', '12']);
});

test('a segment that ends at the recovery point is scanned: its indexes were perhaps never synced', () => {
  const disk = newDisk();
  const log = openLog(disk);
  for (let count = 0; count < 12; count++) appendBatch(log, { timestamp: count });
  log.flush();
  appendBatch(log, { timestamp: 0 });
  expect(log.segmentCount).toBe(2);
  const path = `${directory}/00000000000000000000.timeindex`;
  disk.overwrite(path, disk.bytesOf(path).slice(0, 12));
  const again = openLog(disk, { recoveryPoint: 12 });
  expect(again.largestTime()).toEqual({ timestamp: 11, lastOffset: 11 });
});
