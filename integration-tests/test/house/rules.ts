import { floors, purePackages, scope, type Project, type Workspace } from './workspaces.ts';

/** The rules that a linter of single files cannot see, each giving the sentences that break it. */
export const rules: Readonly<Record<string, (workspace: Workspace) => readonly string[]>> = {
  'stands on a floor': ({ name }) => (floorOf(name) < 0 ? [`${name} is on no floor`] : []),

  'depends on lower floors only': ({ name, dependencies }) =>
    dependencies
      .filter((other) => other.startsWith(scope))
      .map((other) => other.replace(scope, ''))
      .filter((other) => floorOf(other) >= floorOf(name))
      .map((other) => `${name} depends on ${other}, which is not below it`),

  'imports what it declares': ({ name, projects, dependencies, devDependencies }) =>
    projects
      .flatMap(({ imports }) => imports)
      .filter((specifier) => !specifier.startsWith('/') && !specifier.startsWith('node:'))
      .map(packageOf)
      .filter((other) => ![...dependencies, ...devDependencies].includes(other))
      .map((other) => `${name} imports ${other} and does not declare it`),

  'declares what it imports': ({ name, projects, dependencies }) =>
    dependencies
      .filter((other) => projects.length > 0 && other.startsWith(scope))
      .filter((other) => projects.every(({ imports }) => !imports.map(packageOf).includes(other)))
      .map((other) => `${name} declares ${other} and does not import it`),

  'refers to the projects that it imports': ({ projects }) =>
    projects.flatMap((project) =>
      project.imports
        .filter((specifier) => specifier.startsWith(scope))
        .filter(
          (specifier) => !referencesOf(specifier).some((path) => project.references.includes(path)),
        )
        .map((specifier) => `${project.path} imports ${specifier} without a reference`),
    ),

  'never imports past an index': ({ projects }) =>
    projects.flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => specifier.startsWith(scope))
        .filter((specifier) => !/^@zookafka\/[a-z-]+(\/core)?$/.test(specifier))
        .map((specifier) => `${path} imports past an index: ${specifier}`),
    ),

  'keeps pure code pure': ({ projects }) =>
    projects.filter(({ isPure }) => isPure).flatMap(impureImportsOf),

  'has a README': ({ name, hasReadme }) => (hasReadme ? [] : [`${name} has no README.md`]),
};

// A type taken from an impure package brings Node's globals with it, past the compiler's fence.
function impureImportsOf({ path, imports }: Project): readonly string[] {
  return imports
    .filter((specifier) => !isPureImport(specifier))
    .map((specifier) => `${path} is pure and imports ${specifier}`);
}

function isPureImport(specifier: string): boolean {
  if (specifier.startsWith('/')) return !specifier.startsWith('/node/');
  if (!specifier.startsWith(scope)) return false;
  const [name, half] = specifier.replace(scope, '').split('/');
  return half === 'core' || purePackages.includes(name as string);
}

function floorOf(name: string): number {
  return floors.findIndex((names) => names.includes(name));
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function referencesOf(specifier: string): readonly string[] {
  const [name, half] = specifier.replace(scope, '').split('/');
  if (half === 'core') return [`${name}/src/core`];
  return [`packages/${name}`, `${name}/src/node`];
}
