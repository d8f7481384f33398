import { dirname, join } from 'node:path';
import {
  createLog,
  EventLog,
  type MainControl,
  runMain,
  type RunningProgram,
  writePidFile,
} from '@zookafka/runtime';
import { readCoordinatorConfiguration } from './configuration.ts';
import { Coordinator } from './coordinator.ts';

/**
 * Runs one member in the foreground, until SIGTERM or SIGINT.
 *
 * Beside the configuration file it appends to `events.jsonl`, and writes its process id to `pid` once it listens. It
 * ends with one sentence and exit code 2 when the configuration, the folder or a port cannot be used, with 1 when its
 * disk fails.
 *
 * @param configurationPath the member's `zoo.cfg`
 */
export function runCoordinator(configurationPath: string): void {
  const onExits: (() => void)[] = [];
  runMain({
    name: 'coordinator',
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
  const configuration = readCoordinatorConfiguration(configurationPath);
  const folder = dirname(configurationPath);
  const node = `coordinator-${configuration.serverId}`;
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
  const coordinator = await Coordinator.start({
    configuration,
    log,
    events,
    onFailed: (error) => {
      events.record({ event: 'failed', facts: { error: String(error) } });
      control.crash(error);
    },
  });
  onExits.push(writePidFile(join(folder, 'pid')));
  const { clientHost, peers } = configuration;
  const client = `${clientHost}:${coordinator.clientPort}`;
  log.info('Listening', { client, members: peers.length });
  events.record({ event: 'listening', facts: { client } });
  return {
    stop: async () => {
      log.info('Stopping');
      await coordinator.stop();
      events.record({ event: 'stopped', facts: {} });
      await log.close();
    },
  };
}
