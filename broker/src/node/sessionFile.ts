import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '@zookafka/runtime';
import { type StoredSession } from '@zookafka/zookeeper-session';
import { parseSessionId, sessionIdText } from '@zookafka/zookeeper-wire';

const fileName = 'zookeeper-session.json';
const formatVersion = 1;
const passwordBytes = 16;

/**
 * The session that this broker holds, kept beside its log: so that the next process can close it, and need not wait
 * until the ensemble takes it for dead.
 */
export class SessionFile {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, fileName);
  }

  /** @returns what was kept, or null: a file that nobody can read costs a wait, no more */
  read(): StoredSession | null {
    try {
      return sessionOf(JSON.parse(readFileSync(this.path, 'utf8')));
    } catch {
      return null;
    }
  }

  /** Replaces what is kept, durably. */
  write({ sessionId, password }: StoredSession): void {
    const text = JSON.stringify({
      version: formatVersion,
      sessionId: sessionIdText(sessionId),
      password: Buffer.from(password).toString('base64'),
    });
    const aside = `${this.path}.tmp`;
    // Whoever has the password has the session.
    const descriptor = openSync(aside, 'w', 0o600);
    try {
      writeSync(descriptor, `${text}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, this.path);
    syncDirectory(dirname(this.path));
  }
}

function sessionOf(value: unknown): StoredSession | null {
  const { version, sessionId, password } = value as Readonly<Record<string, unknown>>;
  if (version !== formatVersion || typeof sessionId !== 'string' || typeof password !== 'string') {
    return null;
  }
  const id = parseSessionId(sessionId);
  const bytes = Uint8Array.from(Buffer.from(password, 'base64'));
  if (id === undefined || bytes.length !== passwordBytes) return null;
  return { sessionId: id, password: bytes, lastZxid: 0 };
}
