import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** One TypeScript project: the sources under one tsconfig.json. */
export interface Project {
  /** Where its tsconfig.json is, from the repository's root: `packages/zab`, `broker/src/core`. */
  readonly path: string;
  readonly isPure: boolean;
  /** What its sources import, as written. */
  readonly imports: readonly string[];
  /** Folders of the projects that its tsconfig.json refers to, from the repository's root. */
  readonly references: readonly string[];
}

/** One npm workspace. */
export interface Workspace {
  /** Without the scope: `zab`. */
  readonly name: string;
  readonly path: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly hasReadme: boolean;
  readonly projects: readonly Project[];
}

export const root = join(__dirname, '..', '..', '..');
export const scope = '@zookafka/';

/** From the ground up: a workspace may depend only on those of lower floors. */
export const floors: readonly (readonly string[])[] = [
  ['base'],
  ['testkit', 'zookeeper-wire', 'kafka-wire', 'runtime'],
  ['partition-log', 'zab', 'zookeeper-session'],
  ['coordinator', 'broker', 'client'],
  ['simulator'],
  ['cli'],
  ['integration-tests'],
];

/** Packages whose every behaviour is a function of their inputs. */
export const purePackages: readonly string[] = [
  'base',
  'zookeeper-wire',
  'kafka-wire',
  'partition-log',
  'zab',
  'zookeeper-session',
  'simulator',
];

/** Reads every workspace once. */
export function readWorkspaces(): readonly Workspace[] {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  return [...packages, 'coordinator', 'broker', 'client', 'integration-tests'].map(readWorkspace);
}

function readWorkspace(path: string): Workspace {
  const manifest = readJson(join(root, path, 'package.json')) as {
    name: string;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  const folders = ['src/core', 'src/node'].filter((half) =>
    existsSync(join(root, path, half, 'tsconfig.json')),
  );
  const projects =
    folders.length > 0
      ? folders.map((half) => readProject(`${path}/${half}`, half === 'src/core', ''))
      : existsSync(join(root, path, 'src'))
        ? [readProject(path, purePackages.includes(path.replace('packages/', '')), 'src')]
        : [];
  return {
    name: manifest.name.replace(scope, ''),
    path,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
    hasReadme: existsSync(join(root, path, 'README.md')),
    projects,
  };
}

function readProject(path: string, isPure: boolean, sources: string): Project {
  const config = readJson(join(root, path, 'tsconfig.json')) as { references?: { path: string }[] };
  return {
    path,
    isPure,
    imports: importsUnder(join(root, path, sources)),
    references: (config.references ?? []).map((reference) =>
      relative(root, join(root, path, reference.path)).replaceAll('\\', '/'),
    ),
  };
}

function importsUnder(folder: string): readonly string[] {
  const found = new Set<string>();
  for (const file of readdirSync(folder, { encoding: 'utf8', recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const specifier of specifiersOf(text)) {
      found.add(specifier.startsWith('.') ? join('/', dirname(file), specifier) : specifier);
    }
  }
  return [...found];
}

/** Every module that a source names in `import`, `export … from` or `import()`. */
export function specifiersOf(text: string): readonly string[] {
  const names = String.raw`(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\}|\w+)(?:\s*,\s*\{[^}]*\})?`;
  const statements = new RegExp(
    String.raw`^(?:import|export)\s+${names}\s+from\s+'([^']+)'|^import\s+'([^']+)'|\b(?:import|require)\('([^']+)'\)`,
    'gm',
  );
  return [...text.matchAll(statements)].map(
    ([, from, bare, called]) => (from ?? bare ?? called) as string,
  );
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
