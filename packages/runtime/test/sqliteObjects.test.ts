/** What better-sqlite3 made is held for ever: from Node 24.19 on it ends the process when it is collected. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { temporaryFolder } from '@zookafka/testkit';
import Sqlite from 'better-sqlite3';
import { openMemberStore } from '../src/index.ts';

interface Preparing {
  readonly prepare: (this: Sqlite.Database, text: string) => Sqlite.Statement;
}

const folder = temporaryFolder();
/** The first module version whose Node ends when such an object is collected. */
const modulesOfNode24 = 137;
const quiet = {
  onDurable: () => undefined,
  onSnapshotStored: () => undefined,
  onFailed: () => undefined,
};

/** Opens, writes, checkpoints and closes. */
async function useStore(first: number): Promise<void> {
  const durable = new Set<number>();
  const store = await openMemberStore({
    folder: folder(),
    serverId: 1,
    mode: 'loop',
    events: { ...quiet, onDurable: (token) => durable.add(token) },
  });
  expect(store.recovered.log).toHaveLength(first - 1);
  for (let zxid = first; zxid < first + 20; zxid++) {
    const entries = [{ zxid, bytes: new Uint8Array(500_000) }];
    store.submit({ kind: 'append', entries, committedZxid: zxid - 1 }, zxid);
    while (!durable.has(zxid)) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
}

it('holds every object of the database that it made', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const made: WeakRef<object>[] = [];
  const pragma = jest.spyOn(Sqlite.prototype, 'pragma');
  const { prepare } = Sqlite.prototype as unknown as Preparing;
  const prepares = jest.spyOn(Sqlite.prototype, 'prepare').mockImplementation(function (
    this: Sqlite.Database,
    text: string,
  ) {
    const statement = prepare.call(this, text);
    made.push(new WeakRef(statement), new WeakRef(this));
    return statement;
  });
  try {
    await useStore(1);
    await useStore(21);
    // Spies keep what went through them.
    prepares.mockClear();
  } finally {
    prepares.mockRestore();
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(made.length).toBeGreaterThan(20);
  expect(made.filter((reference) => reference.deref() === undefined)).toHaveLength(0);
  expect(pragma).not.toHaveBeenCalled();
  pragma.mockRestore();
  // Whoever holds nothing loses it: the test can tell.
  const dropped = (() => {
    const sqlite = new Sqlite(':memory:');
    sqlite.close();
    return new WeakRef(sqlite);
  })();
  await new Promise((resolve) => setImmediate(resolve));
  if (Number(process.versions.modules) >= modulesOfNode24) return;
  collect();
  expect(dropped.deref()).toBeUndefined();
});
