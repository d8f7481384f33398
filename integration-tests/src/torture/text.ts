import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..', '..');

/**
 * Lines of real text: the licences of this repository and of the packages that it uses, over and over, each line with
 * its number in front.
 *
 * @returns what line `number` is, from 1
 */
export function realText(): (number: number) => string {
  const lines = licencePaths().flatMap((path) => readFileSync(path, 'utf8').split(/\r?\n/));
  return (number) => `${number} ${lines[number % lines.length]}`;
}

/** The number in front of a line. */
export function numberOfLine(line: string): number {
  return Number(line.split(' ', 1)[0]);
}

function licencePaths(): readonly string[] {
  const modules = join(root, 'node_modules');
  const found = readdirSync(modules, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) =>
      readdirSync(join(modules, name), { withFileTypes: true })
        .filter((entry) => entry.isFile() && /^licen[cs]e/i.test(entry.name))
        .map((entry) => join(modules, name, entry.name)),
    );
  return [join(root, 'LICENSE'), ...found.sort()];
}
