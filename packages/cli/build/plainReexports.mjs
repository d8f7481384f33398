// Makes plain properties of the getters by which the compiler passes on what an index names: a getter is called anew for
// each use, in every hot function, and cannot be inlined. Where modules import each other in no circle, as here, both
// mean the same. Running it twice changes nothing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..', '..');
const getter =
  /^Object\.defineProperty\(exports, "(\w+)", \{ enumerable: true, get: function \(\) \{ return (\w+\.\w+); \} \}\);$/gm;

for (const folder of compiledFolders()) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const plain = text.replace(getter, 'exports.$1 = $2;');
    if (plain !== text) writeFileSync(path, plain);
  }
}

function compiledFolders() {
  const packages = readdirSync(join(root, 'packages'), { withFileTypes: true });
  const names = packages
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join('packages', name));
  return [...names, 'coordinator', 'broker', 'client', 'integration-tests']
    .map((name) => join(root, name))
    .filter((folder) => readdirSync(folder).includes('lib'))
    .map((folder) => join(folder, 'lib'));
}
