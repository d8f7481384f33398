/**
 * Checks the repository itself, as one more test: what a linter of single files cannot see.
 */
import { rules } from './rules.ts';
import { readWorkspaces, type Workspace } from './workspaces.ts';

const workspaces = readWorkspaces();

describe.each(workspaces)('$name', (workspace) => {
  it.each(Object.entries(rules))('%s', (_, broken) => {
    expect(broken(workspace)).toEqual([]);
  });
});

describe('each rule refuses a planted offence', () => {
  const clean: Workspace = {
    name: 'zab',
    path: 'packages/zab',
    dependencies: ['@zookafka/base'],
    devDependencies: [],
    hasReadme: true,
    projects: [
      {
        path: 'packages/zab',
        isPure: true,
        imports: ['@zookafka/base', '/quorum.ts'],
        references: ['packages/base'],
      },
    ],
  };
  const project = clean.projects[0];
  const withImport = (specifier: string): Workspace => ({
    ...clean,
    projects: project ? [{ ...project, imports: [...project.imports, specifier] }] : [],
  });

  it.each<[keyof typeof rules, Workspace, string]>([
    ['stands on a floor', { ...clean, name: 'attic' }, 'attic is on no floor'],
    [
      'depends on lower floors only',
      { ...clean, dependencies: ['@zookafka/coordinator'] },
      'zab depends on coordinator, which is not below it',
    ],
    ['imports what it declares', withImport('ws'), 'zab imports ws and does not declare it'],
    [
      'declares what it imports',
      { ...clean, dependencies: ['@zookafka/base', '@zookafka/kafka-wire'] },
      'zab declares @zookafka/kafka-wire and does not import it',
    ],
    [
      'refers to the projects that it imports',
      withImport('@zookafka/zookeeper-wire'),
      'packages/zab imports @zookafka/zookeeper-wire without a reference',
    ],
    [
      'never imports past an index',
      withImport('@zookafka/base/src/prng'),
      'packages/zab imports past an index: @zookafka/base/src/prng',
    ],
    ['keeps pure code pure', withImport('ws'), 'packages/zab is pure and imports ws'],
    ['keeps pure code pure', withImport('node:fs'), 'packages/zab is pure and imports node:fs'],
    ['has a README', { ...clean, hasReadme: false }, 'zab has no README.md'],
  ])('%s', (rule, workspace, sentence) => {
    expect(rules[rule]?.(clean)).toEqual([]);
    expect(rules[rule]?.(workspace)).toContain(sentence);
  });
});
