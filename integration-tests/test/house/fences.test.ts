/**
 * The two other fences around pure code, each shown refusing a planted offence: the compiler does not know the
 * platform's globals there, the linter does not know the clock.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import ts from 'typescript';

import { root } from './workspaces.ts';

/** What the compiler says, line by line, of one source compiled as the pure package `zab` is. */
function compilerSays(source: string): readonly string[] {
  const folder = join(root, 'packages', 'zab');
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) =>
    ts.sys.readFile(path),
  ) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder, {
    noEmit: true,
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
  });
  const file = join(folder, 'src', 'planted.ts');
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2023)
      : readSource(name, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText, start }) => {
      const line = source.slice(0, start).split('\n').length;
      return `${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

/** What the linter says, line by line, of one source of the pure package `base`. */
function linterSays(source: string): readonly string[] {
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'eslint', 'bin', 'eslint.js'),
      ...['--stdin', '--format', 'json'],
      // An existing file's name, so that the project service knows its project.
      ...['--stdin-filename', join(root, 'packages', 'base', 'src', 'machine.ts')],
    ],
    { cwd: root, input: source, encoding: 'utf8' },
  );
  const [result] = JSON.parse(stdout) as [{ messages: { line: number; ruleId: string }[] }];
  return result.messages.map(({ line, ruleId }) => `${line} ${ruleId}`);
}

describe('the compiler', () => {
  const offences = [
    'process.exit()',
    "Buffer.from('')",
    'setTimeout(() => 0, 1)',
    'console.log(1)',
    "require('fs')",
    'new TextEncoder()',
  ];
  const said = compilerSays(
    [...offences, 'Math.max(0, 1)']
      .map((code, index) => `export const planted${index}: unknown = ${code};`)
      .join('\n'),
  );

  it.each(offences.map((offence, index) => [offence, index + 1] as const))(
    'refuses %s in pure code',
    (_, line) => {
      expect(said).toContainEqual(expect.stringMatching(`^${line} Cannot find name`));
    },
  );

  it('accepts what is pure', () => {
    expect(said.filter((text) => text.startsWith(`${offences.length + 1} `))).toEqual([]);
  });
});

describe('the linter', () => {
  const offences: readonly (readonly [string, string])[] = [
    ['Date.now()', 'no-restricted-globals'],
    ['Math.random()', 'no-restricted-properties'],
    ['Math.log(2)', 'no-restricted-syntax'],
    ["new Function('')", 'no-restricted-syntax'],
  ];
  const long = Array.from({ length: 401 }, () => '  f(x);').join('\n');
  const source = [
    ...offences.map(([offence], index) => `export const planted${index}: unknown = ${offence};`),
    'export function f(x: number): void {',
    '  if (x) { if (x) { if (x) { if (x) f(x); } } }',
    `${long}\n}\n`,
  ].join('\n');
  const said = linterSays(source);

  it.each(offences.map(([offence, rule], index) => [offence, `${index + 1} ${rule}`] as const))(
    'refuses %s in pure code',
    (_, expected) => {
      expect(said).toContain(expected);
    },
  );

  it('refuses a function, a nesting and a file that are too long', () => {
    const rules = said.map((line) => line.split(' ')[1]);
    expect(rules).toEqual(
      expect.arrayContaining(['max-lines-per-function', 'max-depth', 'max-lines']),
    );
  });
});
