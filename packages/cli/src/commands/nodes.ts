import { command } from './command.ts';

/** `zookafka coordinator zoo.cfg` */
export const coordinatorCommand = command<{ readonly file: string }>({
  command: 'coordinator <file>',
  describe: "run one member of an ensemble in the foreground, from a file with ZooKeeper's keys",
  builder: (yargs) =>
    yargs.positional('file', { type: 'string', demandOption: true, describe: 'a zoo.cfg' }),
  handler: async ({ file }) => {
    // Loaded only here: the other commands need neither program.
    const { runCoordinator } = await import('@zookafka/coordinator');
    runCoordinator(file);
  },
});

/** `zookafka broker server.properties` */
export const brokerCommand = command<{ readonly file: string }>({
  command: 'broker <file>',
  describe: "run one broker in the foreground, from a file with Kafka's keys",
  builder: (yargs) =>
    yargs.positional('file', {
      type: 'string',
      demandOption: true,
      describe: 'a server.properties',
    }),
  handler: async ({ file }) => {
    const { runBroker } = await import('@zookafka/broker');
    runBroker(file);
  },
});
