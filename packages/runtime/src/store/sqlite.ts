import { closeSync, existsSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type SnapshotIndexRow } from './snapshotFile.ts';
import { type DatabaseOptions, type MemberMeta, StoreError } from './storeTypes.ts';

/** One batch of the log. */
export interface LogRow {
  readonly first: number;
  readonly last: number;
  readonly committed: number;
  readonly blob: Uint8Array;
  /** CRC-32 of the blob. */
  readonly checksum: number;
}

/** Everything that is said to the database, in its words. */
export interface Statements {
  meta(): Omit<MemberMeta, 'committedZxid'>;
  setMeta(key: 'acceptedEpoch' | 'currentEpoch' | 'ensembleId', value: number | string): void;
  insertLog(row: LogRow): void;
  /** All batches with something above `zxid`. */
  logAfter(zxid: number): Iterable<LogRow>;
  /** The batch with entries on both sides of `zxid`. */
  logAcross(zxid: number): LogRow | undefined;
  /** Removes batches that begin above `zxid`. */
  deleteLogAfter(zxid: number): void;
  /** Removes the batch that begins at `zxid`. */
  deleteLogFrom(zxid: number): void;
  /** Removes batches that end at or below `zxid`. @returns how many */
  deleteLogUpTo(zxid: number, countMax: number): number;
  /** 0 when nothing is logged. */
  zxidLast(): number;
  /** The oldest first. */
  snapshots(): SnapshotIndexRow[];
  snapshotIdMax(): number;
  insertSnapshot(row: SnapshotIndexRow): void;
  deleteSnapshot(id: number): void;
}

/** An open database: one connection, which nobody shares. */
export interface Database {
  readonly statements: Statements;
  /** Durable when it returns; nothing of it is when `work` throws. */
  transaction(work: () => void): void;
  /** Moves the write-ahead log into the database, so that it is written again from its start. */
  checkpoint(): void;
  close(): void;
}

const formatVersion = 1;
const pageBytes = 4096;
/** The first with the fix of a WAL that is reset while a checkpoint runs. */
const sqliteVersionMin = [3, 51, 3] as const;
const walBytesPreallocatedDefault = 4 * 1024 * 1024;
/**
 * Every object that better-sqlite3 made, for as long as this thread lives: from Node 24.19 on, one of its version 12 (the
 * last that runs on Node 20) ends the whole process when it is collected. So there is a fixed number of them a database,
 * and nothing here uses its `pragma` and `iterate`, which make more.
 */
const kept: unknown[] = [];

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
  CREATE TABLE log (
    first_zxid INTEGER PRIMARY KEY,
    last_zxid INTEGER NOT NULL,
    committed_zxid INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    entries BLOB NOT NULL
  );
  CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    zxid INTEGER NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL
  );
`;

/**
 * Opens `member.sqlite`, or makes it.
 *
 * @throws {StoreError} FORMAT_TOO_NEW, OTHER_MEMBER, UNSAFE_DATABASE
 */
export function openDatabase(options: DatabaseOptions): Database {
  const path = join(options.folder, 'member.sqlite');
  if (!existsSync(path) || statSync(path).size === 0) {
    // SQLite removes a write-ahead log beside an empty database: the tables come first.
    connect(path, options).close();
  }
  preallocateWal(`${path}-wal`, options.walBytesPreallocated ?? walBytesPreallocatedDefault);
  const sqlite = connect(path, options);
  const begin = prepare(sqlite, 'BEGIN');
  const commit = prepare(sqlite, 'COMMIT');
  return {
    statements: prepareAll(sqlite),
    transaction: (work) => {
      begin.run();
      try {
        work();
        commit.run();
      } catch (error) {
        if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
        throw error;
      }
    },
    checkpoint: () => {
      sqlite.exec('PRAGMA wal_checkpoint(PASSIVE)');
    },
    close: () => {
      sqlite.close();
    },
  };
}

function connect(path: string, options: DatabaseOptions): Sqlite.Database {
  const sqlite = keep(new Sqlite(path, { timeout: 1000 }));
  try {
    checkVersion(sqlite);
    // Exclusive before WAL: no shared memory, no locks to be taken by each transaction.
    sqlite.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    sqlite.exec('PRAGMA synchronous = FULL');
    const mode = valueOf(sqlite, 'PRAGMA journal_mode');
    const level = valueOf(sqlite, 'PRAGMA synchronous');
    if (mode !== 'wal' || level !== 2) {
      throw unsafe(`journal_mode ${String(mode)}, synchronous ${String(level)}`);
    }
    sqlite.exec('PRAGMA fullfsync = 1');
    // Checkpoints are run by the owner, when there is time; the log keeps its size, so that it need not grow again.
    sqlite.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = -1');
    if (options.databaseBytesMax !== undefined) {
      sqlite.exec(`PRAGMA max_page_count = ${Math.ceil(options.databaseBytesMax / pageBytes)}`);
    }
    checkFormat(sqlite, options);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function keep<Made>(made: Made): Made {
  kept.push(made);
  return made;
}

function prepare(sqlite: Sqlite.Database, text: string): Sqlite.Statement {
  return keep(sqlite.prepare(text));
}

/** The first column of the first row. */
function valueOf(sqlite: Sqlite.Database, text: string): unknown {
  return prepare(sqlite, text).pluck().get();
}

function checkVersion(sqlite: Sqlite.Database): void {
  const version = String(valueOf(sqlite, 'SELECT sqlite_version()'));
  const found = version.split('.').map(Number);
  for (const [index, min] of sqliteVersionMin.entries()) {
    const part = found[index] ?? 0;
    if (part > min) return;
    if (part < min) throw unsafe(`SQLite ${version}, older than ${sqliteVersionMin.join('.')}`);
  }
}

function unsafe(found: string): StoreError {
  return new StoreError(
    { code: 'UNSAFE_DATABASE', found },
    `Cannot store safely: the database has ${found}`,
  );
}

function checkFormat(sqlite: Sqlite.Database, { serverId, folder }: DatabaseOptions): void {
  const found = Number(valueOf(sqlite, 'PRAGMA user_version'));
  if (found > formatVersion) {
    throw new StoreError(
      { code: 'FORMAT_TOO_NEW', found, supported: formatVersion },
      `Cannot use ${folder}: its format is ${found}, this program knows ${formatVersion}`,
    );
  }
  if (found === 0) {
    sqlite.transaction(() => {
      sqlite.exec(schema);
      prepare(sqlite, 'INSERT INTO meta VALUES (?, ?)').run('serverId', serverId);
      sqlite.exec(`PRAGMA user_version = ${formatVersion}`);
    })();
    return;
  }
  const owner = Number(valueOf(sqlite, "SELECT value FROM meta WHERE key = 'serverId'"));
  if (owner === serverId) return;
  throw new StoreError(
    { code: 'OTHER_MEMBER', found: owner, serverId },
    `Cannot use ${folder}: it belongs to member ${owner}, this is member ${serverId}`,
  );
}

/** A log of zeros counts as empty; commits then overwrite it, which costs half of what growing does. */
function preallocateWal(path: string, size: number): void {
  if (size === 0 || (existsSync(path) && statSync(path).size > 0)) return;
  const descriptor = openSync(path, 'w', 0o644);
  try {
    const zeros = Buffer.alloc(Math.min(size, 1 << 20));
    for (let done = 0; done < size;)
      done += writeSync(descriptor, zeros, 0, Math.min(zeros.length, size - done), done);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function prepareAll(sqlite: Sqlite.Database): Statements {
  const prepared = (text: string): Sqlite.Statement => prepare(sqlite, text);
  const columns =
    'first_zxid AS first, last_zxid AS last, committed_zxid AS committed, checksum, entries AS blob';
  const meta = prepared('SELECT key, value FROM meta');
  const setMeta = prepared('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  const insertLog = prepared('INSERT INTO log VALUES (?, ?, ?, ?, ?)');
  const logAfter = prepared(
    `SELECT ${columns} FROM log WHERE first_zxid > ? AND last_zxid > ? ORDER BY first_zxid LIMIT 1`,
  );
  const logAcross = prepared(
    `SELECT ${columns} FROM log WHERE first_zxid <= ? ORDER BY first_zxid DESC LIMIT 1`,
  );
  const deleteAfter = prepared('DELETE FROM log WHERE first_zxid > ?');
  const deleteFrom = prepared('DELETE FROM log WHERE first_zxid = ?');
  const deleteUpTo = prepared(
    'DELETE FROM log WHERE first_zxid IN (SELECT first_zxid FROM log WHERE last_zxid <= ? ORDER BY first_zxid LIMIT ?)',
  );
  const zxidLast = prepared('SELECT last_zxid FROM log ORDER BY first_zxid DESC LIMIT 1').pluck();
  const snapshots = prepared('SELECT * FROM snapshots ORDER BY zxid, id');
  const idMax = prepared('SELECT max(id) FROM snapshots').pluck();
  const insertSnapshot = prepared('INSERT INTO snapshots VALUES (?, ?, ?, ?, ?)');
  const deleteSnapshot = prepared('DELETE FROM snapshots WHERE id = ?');
  return {
    meta: () => metaOf(meta.all() as readonly MetaRow[]),
    setMeta: (key, value) => setMeta.run(key, value),
    insertLog: (row) => insertLog.run(row.first, row.last, row.committed, row.checksum, row.blob),
    logAfter: function* (zxid) {
      for (let row = logAfter.get(-1, zxid); row !== undefined;) {
        yield row as LogRow;
        row = logAfter.get((row as LogRow).first, zxid);
      }
    },
    logAcross: (zxid) => {
      const row = logAcross.get(zxid) as LogRow | undefined;
      return row !== undefined && row.last > zxid ? row : undefined;
    },
    deleteLogAfter: (zxid) => deleteAfter.run(zxid),
    deleteLogFrom: (zxid) => deleteFrom.run(zxid),
    deleteLogUpTo: (zxid, countMax) => deleteUpTo.run(zxid, countMax).changes,
    zxidLast: () => Number(zxidLast.get() ?? 0),
    snapshots: () => snapshots.all() as SnapshotIndexRow[],
    snapshotIdMax: () => Number(idMax.get() ?? 0),
    insertSnapshot: (row) => insertSnapshot.run(row.id, row.zxid, row.file, row.size, row.digest),
    deleteSnapshot: (id) => deleteSnapshot.run(id),
  };
}

interface MetaRow {
  readonly key: string;
  readonly value: unknown;
}

function metaOf(rows: readonly MetaRow[]): Omit<MemberMeta, 'committedZxid'> {
  const values = new Map(rows.map(({ key, value }) => [key, value]));
  const ensembleId = values.get('ensembleId');
  return {
    acceptedEpoch: Number(values.get('acceptedEpoch') ?? 0),
    currentEpoch: Number(values.get('currentEpoch') ?? 0),
    ensembleId: typeof ensembleId === 'string' ? ensembleId : null,
  };
}
