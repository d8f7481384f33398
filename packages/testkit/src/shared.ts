import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * A file of the data that comes with the project but not in the repository: protocol definitions and the like.
 *
 * The folder is ZOOKAFKA_SHARED, or `shared` beside the repository's root.
 *
 * @returns its path, or undefined where it is missing
 */
export function sharedPath(...names: readonly string[]): string | undefined {
  const folder = process.env['ZOOKAFKA_SHARED'] ?? join(repositoryRoot(), '..', 'shared');
  const path = resolve(folder, ...names);
  return existsSync(path) ? path : undefined;
}

/** A `describe` over a shared file, skipped by name where that is missing. */
export function describeWithShared(
  name: string,
  names: readonly string[],
  suite: (path: string) => void,
): void {
  const path = sharedPath(...names);
  if (path !== undefined) {
    describe(name, () => {
      suite(path);
    });
    return;
  }
  // A suite must hold a test: this one says in the report what was not checked.
  describe.skip(`${name} (skipped: no ${names.join('/')}, see ZOOKAFKA_SHARED)`, () => {
    it('needs the shared data', () => undefined);
  });
}

/** The folder of the whole repository: the nearest one above with a `lerna.json`. */
export function repositoryRoot(): string {
  let folder = process.cwd();
  while (!existsSync(join(folder, 'lerna.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('Cannot find the repository: no lerna.json above');
    folder = parent;
  }
  return folder;
}
