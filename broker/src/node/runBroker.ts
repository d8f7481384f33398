import { dirname, join } from 'node:path';
import {
  createLog,
  EventLog,
  type MainControl,
  runMain,
  type RunningProgram,
  writePidFile,
} from '@zookafka/runtime';
import { BrokerNode } from './brokerNode.ts';
import { readBrokerConfiguration } from './configuration.ts';

/** Without this a broker under full load marks its heap four times a second, with it less than twice. */
const heapGrowingPercent = 1000;

/**
 * Runs one broker in the foreground, until SIGTERM or SIGINT: a controlled shutdown, then a clean end; a second signal
 * ends it at once.
 *
 * Beside the configuration file it appends to `events.jsonl`, and writes its process id to `pid` once it is registered
 * and answers requests. It ends with one sentence and exit code 2 when the configuration, a folder or the port cannot be
 * used, with 1 when its disk fails or the cluster refuses it.
 *
 * @param configurationPath the broker's `server.properties`
 */
export function runBroker(configurationPath: string): void {
  const onExits: (() => void)[] = [];
  runMain({
    heapGrowingPercent,
    name: 'broker',
    start: (control) => start(configurationPath, control, onExits),
    onExit: () => {
      for (const onExit of onExits) onExit();
    },
  });
}

async function start(
  configurationPath: string,
  control: MainControl,
  onExits: (() => void)[],
): Promise<RunningProgram> {
  const configuration = readBrokerConfiguration(configurationPath);
  const folder = dirname(configurationPath);
  const node = `broker-${configuration.core.brokerId}`;
  const log = createLog({ node });
  const { keysUnknown } = configuration;
  if (keysUnknown.length > 0) log.warn('Unknown keys change nothing', { keys: keysUnknown });
  const events = new EventLog({
    file: join(folder, 'events.jsonl'),
    node,
    onError: (error) => {
      log.error('Events are no longer written', { error });
    },
  });
  onExits.push(() => {
    events.close();
  });
  const broker = await BrokerNode.start({
    configuration,
    log,
    events,
    onReady: () => {
      onExits.push(writePidFile(join(folder, 'pid')));
      log.info('Serving', { kafka: `${configuration.listen.host}:${broker.port}` });
    },
    onFailed: (error) => {
      events.record({ event: 'failed', facts: { error: String(error) } });
      control.crash(error);
    },
  });
  events.record({ event: 'listening', facts: { port: broker.port } });
  return {
    stop: async () => {
      log.info('Stopping');
      await broker.stop();
      events.record({ event: 'stopped', facts: {} });
      await log.close();
    },
  };
}
