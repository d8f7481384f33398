import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for each test of the enclosing suite, made when the test first asks for it, removed after it.
 *
 * Call it where the suite is described: `const folder = temporaryFolder();`, and `folder()` in the tests.
 */
export function temporaryFolder(): () => string {
  let path: string | undefined;
  afterEach(() => {
    if (path !== undefined) rmSync(path, { recursive: true, force: true });
    path = undefined;
  });
  return () => (path ??= mkdtempSync(join(realpathSync(tmpdir()), 'zookafka-')));
}
