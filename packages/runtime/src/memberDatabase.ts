import Database from 'better-sqlite3';

import { ByteReader, ByteWriter } from '@zookafka/base';
import { StoreError } from './storeError.ts';
import { type StoredEntry } from './memberStoreTypes.ts';

/** The version of the database's own format. */
export const formatVersion = 1;
const sqliteVersionMin = [3, 51, 3] as const;
const synchronousFull = 2;

/** Names of the numbers that a member keeps. */
export type MetaName = 'acceptedEpoch' | 'currentEpoch' | 'committedZxid' | 'formatVersion';

/**
 * The database of one member: epochs, the log (one row a batch), the index of snapshots. One connection a file.
 *
 * In WAL mode with `synchronous=FULL`, read back: better-sqlite3 compiles NORMAL in, which may lose commits at a
 * power cut.
 */
export class MemberDatabase {
  readonly database: Database.Database;
  private readonly insertRow: Database.Statement;
  private readonly setMetaRow: Database.Statement;
  private readonly entryWriter = new ByteWriter(1 << 16);

  constructor(path: string) {
    this.database = new Database(path);
    this.configure(path);
    this.createTables();
    this.insertRow = this.database.prepare(
      'INSERT INTO log (first_zxid, last_zxid, entries) VALUES (?, ?, ?)',
    );
    this.setMetaRow = this.database.prepare(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    );
    this.requireFormat(path);
  }

  meta(name: string): number | string | undefined {
    const row = this.database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as
      { value: number | string } | undefined;
    return row?.value;
  }

  setMeta(name: string, value: number | string): void {
    this.setMetaRow.run(name, value);
  }

  /** Adds one row. */
  append(entries: readonly StoredEntry[]): void {
    const first = entries[0];
    const last = entries[entries.length - 1];
    if (first === undefined || last === undefined) return;
    const writer = this.entryWriter;
    writer.reset();
    for (const { zxid, bytes } of entries) {
      writer.int64(zxid);
      writer.int32(bytes.length);
      writer.raw(bytes);
    }
    this.insertRow.run(first.zxid, last.zxid, writer.view());
  }

  /** What was logged after `zxid`, in order. */
  entriesAfter(zxid: number): StoredEntry[] {
    const rows = this.database
      .prepare('SELECT entries FROM log WHERE last_zxid > ? ORDER BY first_zxid')
      .all(zxid) as { entries: Uint8Array }[];
    return rows
      .flatMap(({ entries }) => decodeEntries(entries))
      .filter((entry) => entry.zxid > zxid);
  }

  /** Forgets everything above `zxid`; a row that reaches over it is cut. */
  truncateAfter(zxid: number): void {
    const row = this.database
      .prepare('SELECT entries FROM log WHERE first_zxid <= ? AND last_zxid > ?')
      .get(zxid, zxid) as { entries: Uint8Array } | undefined;
    const kept = row && decodeEntries(row.entries).filter((entry) => entry.zxid <= zxid);
    this.database.prepare('DELETE FROM log WHERE last_zxid > ?').run(zxid);
    if (kept !== undefined) this.append(kept);
  }

  /** Forgets rows of which everything is at or below `zxid`. */
  dropUpTo(zxid: number): void {
    this.database.prepare('DELETE FROM log WHERE last_zxid <= ?').run(zxid);
  }

  snapshots(): { zxid: number; file: string }[] {
    return this.database.prepare('SELECT zxid, file FROM snapshots ORDER BY zxid DESC').all() as {
      zxid: number;
      file: string;
    }[];
  }

  addSnapshot(zxid: number, file: string): void {
    this.database
      .prepare('INSERT OR REPLACE INTO snapshots (zxid, file) VALUES (?, ?)')
      .run(zxid, file);
  }

  dropSnapshot(zxid: number): void {
    this.database.prepare('DELETE FROM snapshots WHERE zxid = ?').run(zxid);
  }

  /** Copies the write-ahead log into the database, so that it is written from its start again. */
  checkpoint(): void {
    this.database.pragma('wal_checkpoint(PASSIVE)');
  }

  close(): void {
    this.database.close();
  }

  private configure(path: string): void {
    const { database } = this;
    const version = database.prepare('SELECT sqlite_version() AS version').get() as {
      version: string;
    };
    requireVersion(version.version);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    // macOS: a plain fsync leaves the data in the drive's cache.
    database.pragma('fullfsync = ON');
    // Checkpoints are made when nobody waits, see the worker; the file keeps its size and is written over.
    database.pragma('wal_autocheckpoint = 0');
    const mode = database.pragma('journal_mode', { simple: true });
    const synchronous = database.pragma('synchronous', { simple: true });
    if (mode !== 'wal' || synchronous !== synchronousFull) {
      throw new StoreError(
        { code: 'NOT_DURABLE', path },
        `Cannot use ${path}: journal_mode reads back as ${String(mode)}, synchronous as ${String(synchronous)}; wal and 2 (FULL) are needed`,
      );
    }
  }

  private createTables(): void {
    this.database.exec(`
      CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS log (first_zxid INTEGER PRIMARY KEY, last_zxid INTEGER NOT NULL, entries BLOB NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS snapshots (zxid INTEGER PRIMARY KEY, file TEXT NOT NULL) STRICT;
    `);
  }

  private requireFormat(path: string): void {
    const version = this.meta('formatVersion');
    if (version === undefined) this.setMeta('formatVersion', formatVersion);
    else if (version !== formatVersion) {
      throw new StoreError(
        { code: 'NEWER_FORMAT', path },
        `Cannot use ${path}: its format is version ${version}, this program knows version ${formatVersion}`,
      );
    }
  }
}

function decodeEntries(bytes: Uint8Array): StoredEntry[] {
  const reader = new ByteReader(bytes);
  const entries: StoredEntry[] = [];
  while (reader.remaining > 0) {
    const zxid = reader.int64();
    entries.push({ zxid, bytes: reader.view(reader.int32()) });
  }
  return entries;
}

/** Versions before this one can corrupt a database when a checkpoint meets a write. */
function requireVersion(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [index, least] of sqliteVersionMin.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new StoreError(
        { code: 'OLD_SQLITE', path: version },
        `Cannot use SQLite ${version}: ${sqliteVersionMin.join('.')} or newer is needed`,
      );
    }
  }
}
