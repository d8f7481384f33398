import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '@zookafka/testkit';

const library = join(repositoryRoot(), 'packages', 'runtime', 'lib', 'index.js');

interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a main part that says `ready`, sends it signals, one whenever it says something. */
async function run(program: string, signals: readonly NodeJS.Signals[]): Promise<Ending> {
  const script = `
    const { runMain, Properties } = require(process.argv[1]);
    const say = (text) => process.stdout.write(text + '\\n');
    const forever = setInterval(() => {}, 1000);
    runMain({ name: 'node', onExit: () => require('fs').writeSync(1, 'flushed'), ${program} });
  `;
  const child = spawn(process.execPath, ['-e', script, library]);
  const waiting = [...signals];
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    const signal = waiting.shift();
    if (signal !== undefined) child.kill(signal);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

describe('runMain', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops in order at %s', async (signal) => {
    const ending = await run(
      `start: async () => { setImmediate(say, 'ready'); return { stop: async () => { say('stopped'); } }; }`,
      [signal],
    );
    expect(ending).toEqual({ code: 0, stdout: 'ready\nstopped\nflushed', stderr: '' });
  });

  it('ends at once at a second signal', async () => {
    const ending = await run(
      `start: async () => {
        setImmediate(say, 'ready');
        return { stop: () => { say('stopping'); return new Promise(() => {}); } };
      }`,
      ['SIGINT', 'SIGINT'],
    );
    expect(ending).toEqual({ code: 130, stdout: 'ready\nstopping\nflushed', stderr: '' });
  });

  it('says in one sentence which setting cannot be used', async () => {
    const ending = await run(`start: async () => { Properties.load('/no/such.cfg'); }`, []);
    expect(ending).toEqual({
      code: 2,
      stdout: 'flushed',
      stderr: 'node: Cannot read /no/such.cfg: no such file\n',
    });
  });

  it('ends with what nobody caught', async () => {
    const ending = await run(
      `start: async () => { setImmediate(() => { throw new Error('a bug'); }); return { stop: async () => {} }; }`,
      [],
    );
    expect(ending.code).toBe(1);
    expect(ending.stderr).toMatch(/^node: Error: a bug\n/);
  });

  it('ends when the program says that it cannot go on', async () => {
    const ending = await run(
      `start: async ({ crash }) => { setImmediate(crash, 'the disk is full'); return { stop: async () => {} }; }`,
      [],
    );
    expect(ending).toEqual({ code: 1, stdout: 'flushed', stderr: 'node: the disk is full\n' });
  });
});
