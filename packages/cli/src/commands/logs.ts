import { existsSync, readFileSync } from 'node:fs';

import { type NodeLayout, requireCluster } from '../cluster/layout.ts';
import { usageError } from '../failure.ts';
import { command, print, requireWithin, withData } from './command.ts';

interface LogsOptions {
  readonly data: string;
  readonly node: string | undefined;
  readonly lines: number;
}

/** `zookafka logs [NODE]` */
export const logsCommand = command<LogsOptions>({
  command: 'logs [node]',
  describe: 'the last lines of a node, or of every node',
  builder: (yargs) =>
    withData(yargs)
      .positional('node', { type: 'string', describe: 'a name such as broker-2' })
      .option('lines', {
        type: 'number',
        requiresArg: true,
        default: 20,
        describe: 'how many lines a node',
      }),
  handler: ({ data, node, lines }) => {
    requireWithin('--lines', lines, { min: 1 });
    const { nodes } = requireCluster(data);
    const chosen = nodes.filter(({ name }) => node === undefined || name === node);
    if (chosen.length === 0) {
      const names = nodes.map(({ name }) => name).join(', ');
      throw usageError(`There is no node "${String(node)}": this cluster has ${names}`);
    }
    for (const one of chosen) {
      if (chosen.length > 1) print(`==> ${one.name} <==`);
      print(tailOf(one, lines));
    }
  },
});

function tailOf({ outputPath }: NodeLayout, lines: number): string {
  if (!existsSync(outputPath)) return '';
  return readFileSync(outputPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
