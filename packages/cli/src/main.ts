import { CodedError } from '@zookafka/base';
import yargs from 'yargs';

import { type Command, tell } from './commands/command.ts';
import { consumeCommand } from './commands/consume.ts';
import { downCommand } from './commands/down.ts';
import { eventsCommand } from './commands/events.ts';
import { killCommand, pauseCommand, restartCommand, resumeCommand } from './commands/faults.ts';
import { groupsCommand } from './commands/groups.ts';
import { logsCommand } from './commands/logs.ts';
import { brokerCommand, coordinatorCommand } from './commands/nodes.ts';
import { produceCommand } from './commands/produce.ts';
import { statusCommand } from './commands/status.ts';
import { topicsCommand } from './commands/topics.ts';
import { upCommand } from './commands/up.ts';
import { zkCommand } from './commands/zk.ts';
import { CommandError, usageError } from './failure.ts';
import { usageSentence } from './usageSentence.ts';

const commands: readonly Command[] = [
  upCommand,
  downCommand,
  statusCommand,
  killCommand,
  pauseCommand,
  resumeCommand,
  restartCommand,
  logsCommand,
  eventsCommand,
  topicsCommand,
  groupsCommand,
  produceCommand,
  consumeCommand,
  zkCommand,
  coordinatorCommand,
  brokerCommand,
];

const commandNames = commands.map(({ command: form }) => String(form).split(' ')[0] ?? '');

const usageExitCode = 2;
const failedExitCode = 1;

/** Runs the command line. Exit codes: 0 done, 1 the cluster refused or failed, 2 the words were off. */
export function main(words: readonly string[]): void {
  // A reader such as head has seen enough: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : failedExitCode);
  });
  parse(words).then(
    () => {
      if (!runsOn.has(words[0] ?? '')) process.exitCode ??= 0;
    },
    (error: unknown) => {
      endWith(error);
    },
  );
}

/** Commands that go on after their handler returned. */
const runsOn: ReadonlySet<string> = new Set(['coordinator', 'broker']);

async function parse(words: readonly string[]): Promise<void> {
  let parser = yargs(words)
    .scriptName('zookafka')
    .usage('$0 COMMAND: a ZooKeeper-mode Kafka that you can break on purpose')
    .strict()
    .demandCommand(1, 'Name a command; "zookafka --help" lists them')
    .wrap(100)
    .check((given) => requireSound(given), true)
    .fail((message: string | null, error: Error | undefined) => {
      const isMine = error !== undefined && error.name !== 'YError';
      const said = message ?? error?.message ?? '';
      endWith(isMine ? error : usageError(usageSentence(said, words, commandNames)));
    });
  for (const one of commands) parser = parser.command(one);
  await parser.parseAsync();
}

/** Options that may be given more than once; the words that are no options. */
const repeated: ReadonlySet<string> = new Set(['config', '_']);

/** All numbers here are whole. What cannot be read as one is NaN by now; what is given twice is an array. */
function requireSound(given: Readonly<Record<string, unknown>>): true {
  for (const [name, value] of Object.entries(given)) {
    if (Array.isArray(value) && !repeated.has(name)) {
      throw usageError(`--${name} is given more than once`);
    }
    if (Number.isNaN(value)) throw usageError(`--${name} is not a number`);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw usageError(`--${name} is ${value}: accepted is a whole number`);
    }
  }
  return true;
}

function endWith(error: unknown): void {
  if (error instanceof CommandError) {
    tell(`zookafka: ${error.message}`);
    process.exit(error.exitCode);
  }
  if (error instanceof CodedError) {
    tell(`zookafka: ${error.message}`);
    process.exit(error.code === 'BAD_ADDRESS' ? usageExitCode : failedExitCode);
  }
  tell(
    `zookafka: ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)}`,
  );
  process.exit(failedExitCode);
}
