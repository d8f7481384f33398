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
import { CommandError } from './failure.ts';

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

const usageExitCode = 2;
const failedExitCode = 1;

/** Runs the command line. Exit codes: 0 done, 1 the cluster refused or failed, 2 the words were off. */
export function main(words: readonly string[]): void {
  let parser = yargs(words)
    .scriptName('zookafka')
    .usage('$0 COMMAND: a ZooKeeper-mode Kafka that you can break on purpose')
    .strict()
    .recommendCommands()
    .demandCommand(1, 'Name a command; "zookafka --help" lists them')
    .wrap(100)
    .fail((message: string | null, error: Error | undefined) => {
      endWith(error, message);
    });
  for (const one of commands) parser = parser.command(one);
  Promise.resolve(parser.parseAsync()).then(
    () => {
      // Sockets that linger must not keep a command that is done.
      if (!runsOn.has(words[0] ?? '')) process.exitCode ??= 0;
    },
    (error: unknown) => {
      endWith(error, null);
    },
  );
}

/** Commands that go on after their handler returned. */
const runsOn: ReadonlySet<string> = new Set(['coordinator', 'broker']);

function endWith(error: unknown, message: string | null): void {
  if (error === undefined) {
    tell(`zookafka: ${message ?? 'the words were not understood'}`);
    process.exit(usageExitCode);
  }
  if (error instanceof CommandError) {
    tell(`zookafka: ${error.message}`);
    process.exit(error.exitCode);
  }
  if (error instanceof CodedError) {
    tell(`zookafka: ${error.message}`);
    process.exit(failedExitCode);
  }
  tell(
    `zookafka: ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)}`,
  );
  process.exit(failedExitCode);
}
