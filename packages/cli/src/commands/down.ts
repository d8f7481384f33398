import { requireCluster } from '../cluster/layout.ts';
import { stopCluster } from '../cluster/start.ts';
import { command, print, printJson, withData, withJson } from './command.ts';

/** `zookafka down` */
export const downCommand = command<{ readonly data: string; readonly json: boolean }>({
  command: 'down',
  describe: 'stop the cluster: brokers, then coordinators',
  builder: (yargs) => withJson(withData(yargs)),
  handler: async ({ data, json }) => {
    const stopped = await stopCluster(requireCluster(data));
    if (json) printJson({ stopped });
    else print(stopped.length === 0 ? 'Nothing was running' : `Stopped ${stopped.join(', ')}`);
  },
});
