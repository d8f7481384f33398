import { spawnSync } from 'node:child_process';
import {
  existsSync,
  fsync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Prng } from '@zookafka/base';
import { temporaryFolder } from '@zookafka/testkit';
import Sqlite from 'better-sqlite3';
import {
  FolderError,
  lockFolder,
  type MemberStore,
  openMemberStore,
  type StoredEntry,
  StoreError,
  type StoreEvents,
  type StoreOptions,
} from '../src/index.ts';
import { MemberDatabase } from '../src/store/memberDatabase.ts';

const folder = temporaryFolder();
const opened: MemberStore[] = [];

/** Keeps what the store tells, and lets a test wait for it. */
class Watcher implements StoreEvents {
  readonly durable: number[] = [];
  readonly stored: number[] = [];
  readonly failures: Error[] = [];
  private waiting: (() => void)[] = [];

  readonly onDurable = (token: number): void => {
    this.durable.push(token);
    this.tell();
  };
  readonly onSnapshotStored = (zxid: number): void => {
    this.stored.push(zxid);
    this.tell();
  };
  readonly onFailed = (error: Error): void => {
    this.failures.push(error);
    this.tell();
  };

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private tell(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}

let watcher: Watcher;
beforeEach(() => {
  watcher = new Watcher();
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function open(options: Partial<StoreOptions> = {}): Promise<MemberStore> {
  const store = await openMemberStore({
    folder: folder(),
    serverId: 1,
    events: watcher,
    mode: 'loop',
    walBytesPreallocated: 0,
    ...options,
  });
  opened.push(store);
  return store;
}

function entries(first: number, last: number): readonly StoredEntry[] {
  const found: StoredEntry[] = [];
  for (let zxid = first; zxid <= last; zxid++)
    found.push({ zxid, bytes: Uint8Array.of(zxid & 0xff, 7) });
  return found;
}

function append(store: MemberStore, first: number, last: number, token?: number): void {
  store.submit({ kind: 'append', entries: entries(first, last), committedZxid: first - 1 }, token);
}

function zxidsOf(store: MemberStore): readonly number[] {
  return store.recovered.log.map(({ zxid }) => zxid);
}

function range(first: number, last: number): readonly number[] {
  return entries(first, last).map(({ zxid }) => zxid);
}

async function writeSnapshot(
  store: MemberStore,
  stream: 'own' | 'installed',
  zxid: number,
): Promise<void> {
  store.submit({ kind: 'snapshotBegin', stream, zxid });
  for (let slice = 0; slice < 3; slice++) {
    store.submit({ kind: 'snapshotChunk', stream, bytes: new Uint8Array(1000).fill(zxid + slice) });
  }
  store.submit({ kind: 'snapshotCommit', stream }, stream === 'own' ? undefined : zxid);
  await watcher.until(() =>
    stream === 'own' ? watcher.stored.includes(zxid) : watcher.durable.includes(zxid),
  );
}

describe.each(['loop', 'worker'] as const)('MemberStore (%s)', (mode) => {
  it('gives back what was durable, tokens in order', async () => {
    const store = await open({ mode });
    expect(store.recovered).toEqual({
      meta: { acceptedEpoch: 0, currentEpoch: 0, ensembleId: null, committedZxid: 0 },
      snapshot: undefined,
      log: [],
      snapshotsDamaged: [],
    });
    store.submit({ kind: 'setAcceptedEpoch', epoch: 3 }, 1);
    store.submit({ kind: 'setCurrentEpoch', epoch: 2 }, 2);
    store.submit({ kind: 'setEnsembleId', ensembleId: 'abc' }, 3);
    const base = 3 * 2 ** 32;
    append(store, base + 1, base + 50, 4);
    append(store, base + 51, base + 60, 5);
    await watcher.until(() => watcher.durable.length === 5);
    append(store, base + 61, base + 61, 6);
    await store.close();
    expect(watcher.durable).toEqual([1, 2, 3, 4, 5, 6]);
    const again = await open({ mode });
    expect(again.recovered.meta).toEqual({
      acceptedEpoch: 3,
      currentEpoch: 2,
      ensembleId: 'abc',
      committedZxid: base + 60,
    });
    expect(zxidsOf(again)).toEqual(range(base + 1, base + 61));
    expect([...(again.recovered.log[9] as StoredEntry).bytes]).toEqual([10, 7]);
  });

  it('keeps the order of batches, whether one goes alone or many wait, up to the end', async () => {
    const prng = new Prng(7);
    for (let round = 0; round < 5; round++) {
      const store = await open({ mode, folder: join(folder(), String(round)) });
      const durableBefore = watcher.durable.length;
      for (let zxid = 1; zxid <= 60; zxid++) {
        append(store, zxid, zxid, zxid);
        const next = prng.below(4);
        if (next === 0) await watcher.until(() => watcher.durable.at(-1) === zxid);
        if (next === 1) await new Promise((resolve) => setImmediate(resolve));
        if (next === 2) store.submit({ kind: 'setAcceptedEpoch', epoch: zxid });
      }
      await store.close();
      expect(watcher.durable.slice(durableBefore)).toEqual(range(1, 60));
      const again = await open({ mode, folder: join(folder(), String(round)) });
      expect(zxidsOf(again)).toEqual(range(1, 60));
    }
  });

  it('keeps a snapshot and what was logged after it', async () => {
    const store = await open({ mode });
    append(store, 1, 10);
    await writeSnapshot(store, 'own', 6);
    append(store, 11, 12);
    await store.close();
    const { recovered } = await open({ mode });
    expect(recovered.log.map(({ zxid }) => zxid)).toEqual(range(7, 12));
    expect(recovered.snapshot?.zxid).toBe(6);
    expect(recovered.snapshot?.contentBytes).toBe(3000);
    const content = [
      recovered.snapshot?.read(1500),
      recovered.snapshot?.read(5000),
    ] as Uint8Array[];
    expect(content.map(({ length }) => length)).toEqual([1500, 1500]);
    expect(content[1]?.[1499]).toBe(8);
    expect(recovered.snapshot?.read(1)).toHaveLength(0);
    recovered.snapshot?.close();
  });

  it('puts an installed snapshot in the place of everything', async () => {
    const store = await open({ mode });
    append(store, 1, 10);
    await writeSnapshot(store, 'own', 6);
    await writeSnapshot(store, 'installed', 4);
    append(store, 5, 7);
    await store.close();
    const { recovered } = await open({ mode });
    expect(recovered.snapshot?.zxid).toBe(4);
    recovered.snapshot?.close();
    expect(recovered.log.map(({ zxid }) => zxid)).toEqual([5, 6, 7]);
    expect(readdirSync(join(folder(), 'snapshots'))).toHaveLength(1);
  });

  it('stops acknowledging when the disk is full', async () => {
    const store = await open({ mode, databaseBytesMax: 200_000 });
    const bytes = new Uint8Array(60_000);
    for (let zxid = 1; zxid <= 6; zxid++) {
      store.submit({ kind: 'append', entries: [{ zxid, bytes }], committedZxid: 0 }, zxid);
      await watcher.until(() => watcher.durable.includes(zxid) || watcher.failures.length > 0);
    }
    expect(watcher.failures).toHaveLength(1);
    expect(watcher.failures[0]?.message).toMatch(/^Cannot store in .*: database or disk is full$/);
    const acknowledged = [...watcher.durable];
    store.submit({ kind: 'setAcceptedEpoch', epoch: 9 }, 99);
    await store.close();
    expect(watcher.durable).toEqual(acknowledged);
    const again = await open({ mode });
    expect(zxidsOf(again)).toEqual(acknowledged);
  });

  it('says what is wrong with a folder', async () => {
    await (await open({ mode })).close();
    await expect(open({ mode, serverId: 2 })).rejects.toThrow(
      new StoreError(
        { code: 'OTHER_MEMBER', found: 1, serverId: 2 },
        `Cannot use ${folder()}: it belongs to member 1, this is member 2`,
      ),
    );
    const store = await open({ mode });
    await expect(open({ mode })).rejects.toThrow(`process ${process.pid} holds it`);
    await store.close();
  });
});

describe('MemberStore', () => {
  it.each([0, 1, 4, 5, 6, 7, 19, 20])('cuts off the log above zxid %i', async (zxid) => {
    const store = await open();
    append(store, 1, 5, 1);
    await watcher.until(() => watcher.durable.includes(1));
    append(store, 6, 20, 2);
    store.submit({ kind: 'truncateAfter', zxid }, 3);
    append(store, 30, 31, 4);
    await store.close();
    expect(watcher.durable).toEqual([1, 2, 3, 4]);
    expect(zxidsOf(await open())).toEqual([...range(1, zxid), 30, 31]);
  });

  it('fails rather than log out of order', async () => {
    const store = await open();
    append(store, 1, 5, 1);
    expect(() => {
      append(store, 5, 6, 2);
    }).toThrow('A log is appended to in order');
    await watcher.until(() => watcher.durable.includes(1));
    append(store, 4, 4, 3);
    await watcher.until(() => watcher.failures.length > 0);
    expect(watcher.durable).toEqual([1]);
  });

  it('keeps the last few snapshots, and the log that the oldest of them needs', async () => {
    const store = await open({ snapshotCountKept: 2 });
    for (let zxid = 1; zxid <= 9; zxid++) {
      append(store, zxid, zxid, zxid);
      await watcher.until(() => watcher.durable.includes(zxid));
      if (zxid % 2 === 0) await writeSnapshot(store, 'own', zxid);
    }
    await store.close();
    const database = new MemberDatabase(
      { folder: folder(), serverId: 1, snapshotCountKept: 2 },
      { onSnapshotStored: () => undefined, onFailed: () => undefined, syncAside: fsync },
    );
    database.run([{ kind: 'purge', zxid: 8 }]);
    while (database.idle());
    database.close();
    const names = readdirSync(join(folder(), 'snapshots'));
    expect(names.map((name) => name.split('-')[0])).toEqual(['6', '8']);
    const sqlite = new Sqlite(join(folder(), 'member.sqlite'));
    expect(sqlite.prepare('SELECT min(first_zxid) FROM log').pluck().get()).toBe(7);
    sqlite.close();
  });

  it('passes over a damaged snapshot, as long as another is whole', async () => {
    const store = await open();
    append(store, 1, 10);
    await writeSnapshot(store, 'own', 4);
    await writeSnapshot(store, 'own', 8);
    await store.close();
    const path = join(folder(), 'snapshots');
    const newest = readdirSync(path).find((name) => name.startsWith('8-')) as string;
    const bytes = readFileSync(join(path, newest));
    bytes[500] = (bytes[500] as number) ^ 1;
    writeFileSync(join(path, newest), bytes);
    const again = await open();
    expect(again.recovered.snapshotsDamaged).toEqual([newest]);
    expect(again.recovered.snapshot?.zxid).toBe(4);
    again.recovered.snapshot?.close();
    expect(zxidsOf(again)).toEqual(range(5, 10));
    await again.close();
    for (const name of readdirSync(path)) truncateSync(join(path, name), 100);
    await expect(open()).rejects.toThrow('none of its 1 snapshots is whole');
  });

  it('refuses a log whose bytes changed', async () => {
    const store = await open();
    append(store, 1, 10, 1);
    await store.close();
    const sqlite = new Sqlite(join(folder(), 'member.sqlite'));
    const blob = sqlite.prepare('SELECT entries FROM log').pluck().get() as Buffer;
    blob[13] = 1 ^ (blob[13] as number);
    sqlite.prepare('UPDATE log SET entries = ?').run(blob);
    sqlite.close();
    await expect(open()).rejects.toThrow('the batch at zxid 1 is damaged');
    await expect(open()).rejects.toThrow(StoreError);
  });

  it('refuses a format of the future', async () => {
    await (await open()).close();
    const sqlite = new Sqlite(join(folder(), 'member.sqlite'));
    sqlite.pragma('user_version = 2');
    sqlite.close();
    await expect(open()).rejects.toThrow('its format is 2, this program knows 1');
  });

  it("refuses a folder with ZooKeeper's own files", async () => {
    mkdirSync(join(folder(), 'version-2'));
    await expect(open()).rejects.toThrow("ZooKeeper's own 'version-2'");
    expect(existsSync(join(folder(), 'member.sqlite'))).toBe(false);
  });

  it('forgets a snapshot that was under way', async () => {
    const store = await open();
    store.submit({ kind: 'snapshotBegin', stream: 'installed', zxid: 5 });
    store.submit({ kind: 'snapshotChunk', stream: 'installed', bytes: new Uint8Array(10) }, 1);
    await watcher.until(() => watcher.durable.includes(1));
    writeFileSync(join(folder(), 'snapshots', '9-9.snapshot.new'), 'left by a crash');
    await store.close();
    const again = await open();
    expect(again.recovered.snapshot).toBeUndefined();
    expect(readdirSync(join(folder(), 'snapshots'))).toEqual([]);
  });

  it('writes over a log of zeros instead of growing it', async () => {
    const store = await open({ walBytesPreallocated: 300_000 });
    append(store, 1, 10, 1);
    await watcher.until(() => watcher.durable.includes(1));
    expect(statSync(join(folder(), 'member.sqlite-wal')).size).toBe(300_000);
    await store.close();
    expect(zxidsOf(await open())).toEqual(range(1, 10));
  });

  it('fails when too much waits for the disk', async () => {
    const store = await open({ bufferedBytesMax: 100_000 });
    append(store, 1, 1, 1);
    store.submit(
      { kind: 'append', entries: [{ zxid: 2, bytes: new Uint8Array(200_000) }], committedZxid: 0 },
      2,
    );
    await watcher.until(() => watcher.failures.length > 0);
    expect(watcher.durable).toEqual([]);
  });
});

describe('lockFolder', () => {
  it('names the process that holds a folder', () => {
    const lock = lockFolder(folder());
    expect(() => lockFolder(folder())).toThrow(FolderError);
    expect(() => lockFolder(folder())).toThrow(`process ${process.pid} holds it`);
    lock.release();
    lockFolder(folder()).release();
  });

  it.each([
    ['a process that is gone', () => JSON.stringify({ pid: spawnSync('true').pid, start: 'x' })],
    [
      'an earlier process of the same id',
      () => JSON.stringify({ pid: process.pid, start: 'earlier' }),
    ],
    ['nobody', () => 'not a lock'],
  ])('takes over what %s left', (_name, text) => {
    writeFileSync(join(folder(), 'lock'), text());
    const lock = lockFolder(folder());
    expect(() => lockFolder(folder())).toThrow('holds it');
    lock.release();
    expect(readdirSync(folder())).toEqual([]);
  });
});
