/** What runs is the compiled code: an index there passes names on as plain properties, which hot code reads at once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './workspaces.ts';

const folders = ['coordinator', 'broker', 'client']
  .concat(readdirSync(join(root, 'packages')).map((name) => join('packages', name)))
  .map((name) => join(root, name, 'lib'))
  .filter((folder) => existsSync(folder));

const getter = /^Object\.defineProperty\(exports, "\w+", \{ enumerable: true, get:/m;

test('no index of the compiled code answers by a getter (npm run build makes them plain)', () => {
  const withGetters = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('index.js'))
      .map((name) => join(folder, name))
      .filter((path) => getter.test(readFileSync(path, 'utf8'))),
  );
  expect(folders.length).toBeGreaterThan(10);
  expect(withGetters).toEqual([]);
});
