import { LogError } from './logError.ts';
import { offsetOfFileName } from './logNames.ts';
import { type LogOpening } from './logOpening.ts';
import { Segment } from './segment.ts';
import { SegmentList } from './segmentList.ts';

/**
 * Finds the segments of a partition's folder, and removes what a crash left half done.
 *
 * @throws {LogError} FILE_FOREIGN on a compaction that only its own program can finish
 */
export function findSegments(opening: LogOpening): SegmentList {
  const { resources, directory } = opening;
  const { files } = resources;
  const names = files.list(directory);
  const bases: number[] = [];
  for (const name of names) {
    const path = `${directory}/${name}`;
    if (name.endsWith('.swap')) {
      throw new LogError(
        { code: 'FILE_FOREIGN', path },
        `Cannot open ${directory}: ${name} is left from a compaction that Kafka must finish`,
      );
    }
    const base = offsetOfFileName(name, 'log');
    if (base !== undefined) bases.push(base);
    else if (isLeftover(name, names)) files.removeFile(path);
  }
  const owner = { resources, directory };
  if (bases.length === 0) {
    const segment = new Segment(owner, opening.logStartOffset, 0);
    segment.file();
    return new SegmentList(owner, [segment]);
  }
  const segments = bases.map((base) => {
    const segment = new Segment(owner, base, 0);
    const handle = files.open(segment.path);
    const { size } = handle;
    handle.close();
    return new Segment(owner, base, size);
  });
  return new SegmentList(owner, segments);
}

function isLeftover(name: string, names: readonly string[]): boolean {
  if (/\.(deleted|cleaned|tmp)$/.test(name)) return true;
  const base = offsetOfFileName(name, 'index') ?? offsetOfFileName(name, 'timeindex');
  return base !== undefined && !names.includes(`${name.slice(0, name.indexOf('.'))}.log`);
}
