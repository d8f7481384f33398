import { assert, CodedError, type FileHandle, type FileSystem, type Prng } from '@zookafka/base';
import { SimulatedFile } from './simulatedFile.ts';

/** Why the simulated disk refused: the codes of the real one. */
export interface DiskRefusal {
  readonly code: 'ENOENT' | 'EEXIST' | 'ENOTDIR' | 'EBADF' | 'EIO' | 'ENOSPC';
  readonly path: string;
}

/** What the simulated disk throws, where the real one would. */
export class DiskError extends CodedError<DiskRefusal> {
  override readonly name = 'DiskError';
}

/** The acts that can be made to fail. */
export type DiskOperation =
  'open' | 'append' | 'read' | 'truncate' | 'sync' | 'rename' | 'remove' | 'syncDirectory';

/** Called before each act: throw to make it fail, or to stop the world at exactly this point. */
export type DiskProbe = (operation: DiskOperation, path: string) => void;

/** A name points at a file, at a folder, or at nothing. */
type Target = SimulatedFile | 'folder' | undefined;

/** Changes of names that happen all or not at all. */
type Group = readonly (readonly [path: string, target: Target])[];

/**
 * A disk in memory with both sorts of crash.
 *
 * `kill()` is a killed process: everything written stays, as the page cache does. `powerCut()` is the other one: of
 * each file it keeps what was synced and a prefix of the rest, torn at 512 bytes; of the names it keeps what
 * `syncDirectory` confirmed and a prefix of the rest, in order. After either, all open handles are dead.
 *
 * Strict where POSIX is: syncing a folder confirms the names in it, not its own name in its parent.
 */
export class SimulatedFileSystem implements FileSystem {
  private readonly names = new Map<string, Exclude<Target, undefined>>();
  private durable = new Map<string, Exclude<Target, undefined>>();
  /** Changes of names that no sync confirmed yet, in order. */
  private journal: Group[] = [];
  /** Grows with each crash: a handle of an older life is dead. */
  private life = 0;
  private readonly probe: DiskProbe;

  constructor(probe: DiskProbe = () => undefined) {
    this.probe = probe;
  }

  open(path: string): FileHandle {
    this.probe('open', path);
    const target = this.names.get(path);
    if (target === 'folder') throw refusal('ENOTDIR', path, 'it is a folder');
    if (target !== undefined) return this.handleOf(path, target);
    this.requireFolder(parentOf(path), path);
    const file = new SimulatedFile();
    this.change([[path, file]]);
    return this.handleOf(path, file);
  }

  exists(path: string): boolean {
    return path === '/' || this.names.has(path);
  }

  list(path: string): readonly string[] {
    const names: string[] = [];
    for (const name of this.names.keys()) {
      if (parentOf(name) === path) names.push(name.slice(name.lastIndexOf('/') + 1));
    }
    return names.sort();
  }

  makeDirectory(path: string): void {
    if (path === '/' || this.names.get(path) === 'folder') return;
    if (this.names.has(path)) throw refusal('EEXIST', path, 'a file has this name');
    this.makeDirectory(parentOf(path));
    this.change([[path, 'folder']]);
  }

  rename(from: string, to: string): void {
    this.probe('rename', from);
    if (!this.names.has(from)) throw refusal('ENOENT', from, 'no such file');
    this.requireFolder(parentOf(to), to);
    const moved = this.under(from).map((path) => [path, this.names.get(path)] as const);
    this.change([
      ...moved.map(([path]) => [path, undefined] as const),
      ...moved.map(([path, target]) => [to + path.slice(from.length), target] as const),
    ]);
  }

  removeFile(path: string): void {
    this.probe('remove', path);
    if (!this.names.has(path)) throw refusal('ENOENT', path, 'no such file');
    this.change([[path, undefined]]);
  }

  removeDirectory(path: string): void {
    this.probe('remove', path);
    const gone = this.under(path).map((name) => [name, undefined] as const);
    if (gone.length > 0) this.change(gone);
  }

  syncDirectory(path: string): void {
    this.probe('syncDirectory', path);
    this.requireFolder(path, path);
    const folders = new Set([path]);
    const kept: Group[] = [];
    const confirmed: Group[] = [];
    // Backwards: what a confirmed change builds on is confirmed with it.
    for (const group of this.journal.toReversed()) {
      const touched = group.map(([name]) => parentOf(name));
      if (!touched.some((folder) => folders.has(folder))) {
        kept.push(group);
        continue;
      }
      for (const folder of touched) folders.add(folder);
      confirmed.push(group);
    }
    for (const group of confirmed.reverse()) apply(group, this.durable);
    this.journal = kept.reverse();
  }

  /** A killed process: what it wrote stays, its handles are dead. */
  kill(): void {
    this.life++;
  }

  /** A power cut: what was not synced is lost in part or whole, as `prng` draws. */
  powerCut(prng: Prng): void {
    this.life++;
    const groups = prng.chance(500) ? 0 : prng.below(this.journal.length + 1);
    for (const group of this.journal.slice(0, groups)) apply(group, this.durable);
    this.journal = [];
    for (const path of [...this.durable.keys()]) {
      if (!this.isReachable(path)) this.durable.delete(path);
    }
    this.names.clear();
    for (const [path, target] of this.durable) {
      this.names.set(path, target);
      if (target !== 'folder') target.powerCut(prng);
    }
  }

  private isReachable(path: string): boolean {
    const folder = parentOf(path);
    return folder === '/' || (this.durable.get(folder) === 'folder' && this.isReachable(folder));
  }

  private handleOf(path: string, file: SimulatedFile): FileHandle {
    const life = this.life;
    return new SimulatedFileHandle(path, file, (operation) => {
      if (this.life !== life) throw refusal('EBADF', path, 'its process is gone');
      this.probe(operation, path);
    });
  }

  private requireFolder(folder: string, path: string): void {
    if (folder === '/' || this.names.get(folder) === 'folder') return;
    throw refusal('ENOENT', path, 'no such folder');
  }

  private under(path: string): readonly string[] {
    return [...this.names.keys()].filter((name) => name === path || name.startsWith(`${path}/`));
  }

  private change(group: Group): void {
    apply(group, this.names);
    this.journal.push(group);
  }
}

class SimulatedFileHandle implements FileHandle {
  readonly path: string;
  private readonly file: SimulatedFile;
  private readonly check: (operation: DiskOperation) => void;
  private isOpen = true;

  constructor(path: string, file: SimulatedFile, check: (operation: DiskOperation) => void) {
    this.path = path;
    this.file = file;
    this.check = check;
  }

  get size(): number {
    return this.file.size;
  }

  append(chunks: readonly Uint8Array[]): void {
    this.before('append');
    for (const chunk of chunks) this.file.append(chunk);
  }

  read(position: number, length: number): Uint8Array {
    this.before('read');
    return this.file.read(position, length);
  }

  truncate(size: number): void {
    assert(size >= 0, 'A size is 0 or more', { size });
    this.before('truncate');
    this.file.truncate(size);
  }

  sync(): void {
    this.before('sync');
    this.file.sync();
  }

  close(): void {
    this.isOpen = false;
  }

  private before(operation: DiskOperation): void {
    if (!this.isOpen) throw refusal('EBADF', this.path, 'it was closed');
    this.check(operation);
  }
}

function apply(group: Group, names: Map<string, Exclude<Target, undefined>>): void {
  for (const [path, target] of group) {
    if (target === undefined) names.delete(path);
    else names.set(path, target);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  assert(slash >= 0 && path.length > 1, 'A path is absolute and names something', { path });
  return slash === 0 ? '/' : path.slice(0, slash);
}

function refusal(code: DiskRefusal['code'], path: string, fact: string): DiskError {
  return new DiskError({ code, path }, `Cannot use ${path}: ${fact}`);
}
