import { type FileHandle, type FileSystem, type Prng } from '@zookafka/base';

const sectorBytes = 512;

/** One file: its content, and what a power cut may leave of it. */
interface DiskFile {
  bytes: Uint8Array;
  /** What the last sync left on the disk. */
  durable: Uint8Array;
  /** The shortest content since the last sync: below it nothing can tear. */
  sizeMin: number;
}

type Names = Map<string, DiskFile | 'folder'>;

/**
 * A disk in memory with both sorts of crash, for this package's tests: it stands below the simulator, which has
 * one of its own. Names are lost as a suffix of what no folder's sync confirmed.
 */
export class MemoryDisk implements FileSystem {
  /** How often each act was asked for. */
  readonly counts = { append: 0, read: 0, sync: 0, open: 0 };
  /** Throws to stop the world at an act that changes the disk. */
  beforeChange: (act: string, path: string) => void = () => undefined;
  private names: Names = new Map();
  private durableNames: Names = new Map();
  /** The names after each change that no sync confirmed. */
  private history: Names[] = [];

  open(path: string): FileHandle {
    this.counts.open++;
    const found = this.names.get(path);
    if (found === 'folder') throw new Error(`${path} is a folder`);
    if (found !== undefined) return this.handleOf(path, found);
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (this.names.get(folder) !== 'folder') throw new Error(`${folder} is no folder`);
    const file = { bytes: new Uint8Array(0), durable: new Uint8Array(0), sizeMin: 0 };
    this.change('create', path, (names) => names.set(path, file));
    return this.handleOf(path, file);
  }

  exists(path: string): boolean {
    return this.names.has(path);
  }

  list(path: string): readonly string[] {
    const under = [...this.names.keys()].filter(
      (name) => name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/'),
    );
    return under.map((name) => name.slice(path.length + 1)).sort();
  }

  makeDirectory(path: string): void {
    if (this.names.has(path)) return;
    this.change('makeDirectory', path, (names) => names.set(path, 'folder'));
  }

  rename(from: string, to: string): void {
    if (!this.names.has(from)) throw new Error(`${from} is not there`);
    this.change('rename', from, (names) => {
      for (const [name, target] of [...names]) {
        if (name !== from && !name.startsWith(`${from}/`)) continue;
        names.delete(name);
        names.set(to + name.slice(from.length), target);
      }
    });
  }

  removeFile(path: string): void {
    if (!this.names.has(path)) throw new Error(`${path} is not there`);
    this.change('remove', path, (names) => names.delete(path));
  }

  removeDirectory(path: string): void {
    this.change('remove', path, (names) => {
      for (const name of [...names.keys()]) {
        if (name === path || name.startsWith(`${path}/`)) names.delete(name);
      }
    });
  }

  syncDirectory(path: string): void {
    this.beforeChange('syncDirectory', path);
    this.counts.sync++;
    // Coarser than a disk: all folders at once, as a journal does.
    this.durableNames = new Map(this.names);
    this.history = [];
  }

  /** Loses what was not synced, in part or whole; every handle of before must be forgotten. */
  powerCut(prng: Prng): void {
    const kept = prng.below(this.history.length + 1);
    this.names = new Map(kept === 0 ? this.durableNames : this.history[kept - 1]);
    this.durableNames = new Map(this.names);
    this.history = [];
    for (const file of this.names.values()) if (file !== 'folder') tear(file, prng);
  }

  bytesOf(path: string): Uint8Array {
    return this.fileOf(path).bytes;
  }

  /** Replaces a file's content behind everybody's back. */
  overwrite(path: string, bytes: Uint8Array): void {
    const file = this.names.get(path);
    if (file === undefined || file === 'folder') this.open(path);
    this.fileOf(path).bytes = bytes.slice();
  }

  private fileOf(path: string): DiskFile {
    const file = this.names.get(path);
    if (file === undefined || file === 'folder') throw new Error(`${path} is no file`);
    return file;
  }

  private change(act: string, path: string, act2: (names: Names) => unknown): void {
    this.beforeChange(act, path);
    act2(this.names);
    this.history.push(new Map(this.names));
  }

  private handleOf(path: string, file: DiskFile): FileHandle {
    return {
      path,
      get size() {
        return file.bytes.length;
      },
      append: (chunks) => {
        this.beforeChange('append', path);
        this.counts.append++;
        for (const chunk of chunks) {
          const grown = new Uint8Array(file.bytes.length + chunk.length);
          grown.set(file.bytes);
          grown.set(chunk, file.bytes.length);
          file.bytes = grown;
        }
      },
      read: (position, length) => {
        this.counts.read++;
        return file.bytes.slice(position, position + length);
      },
      truncate: (size) => {
        this.beforeChange('truncate', path);
        const cut = new Uint8Array(size);
        cut.set(file.bytes.subarray(0, size));
        file.bytes = cut;
        file.sizeMin = Math.min(file.sizeMin, size);
      },
      sync: () => {
        this.beforeChange('sync', path);
        this.counts.sync++;
        file.durable = file.bytes;
        file.sizeMin = file.bytes.length;
      },
      close: () => undefined,
    };
  }
}

/** Old content, or new content up to some sector, whose last sectors may be garbage. */
function tear(file: DiskFile, prng: Prng): void {
  const { bytes, durable, sizeMin } = file;
  if (sizeMin < durable.length && prng.chance(300)) {
    file.bytes = durable.slice();
  } else if (bytes.length > sizeMin) {
    const sectors = Math.ceil((bytes.length - sizeMin) / sectorBytes);
    const size = sizeMin + prng.below(sectors + 1) * sectorBytes;
    file.bytes = bytes.slice(0, Math.min(size, bytes.length));
    const garbage = Math.max(sizeMin, file.bytes.length - sectorBytes);
    if (prng.chance(300)) prng.fill(file.bytes.subarray(garbage));
  }
  file.durable = file.bytes.slice();
  file.sizeMin = file.bytes.length;
}
