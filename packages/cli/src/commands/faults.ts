import { requireCluster } from '../cluster/layout.ts';
import { findNode, nodeForms } from '../cluster/nodeNames.ts';
import {
  pidOf,
  requireStarting,
  runningPidOf,
  signalNode,
  startNode,
  stopNodes,
  waitForExit,
} from '../cluster/nodeProcess.ts';
import { failedError, usageError } from '../failure.ts';
import { command, type Command, print, printJson, withData, withJson } from './command.ts';

interface FaultOptions {
  readonly data: string;
  readonly json: boolean;
  readonly node: string;
}

const exitTimeoutMs = 20_000;
const startTimeoutMs = 30_000;
const startPollMs = 20;

function fault(
  name: string,
  describe: string,
  handler: (options: FaultOptions) => Promise<void>,
): Command {
  return command<FaultOptions>({
    command: `${name} <node>`,
    describe,
    builder: (yargs) =>
      withJson(withData(yargs)).positional('node', {
        type: 'string',
        demandOption: true,
        describe: nodeForms,
      }),
    handler,
  });
}

/** `zookafka kill NODE` */
export const killCommand = fault('kill', 'kill -9 a node', async ({ data, json, node: text }) => {
  const { node, roles } = await findNode(requireCluster(data), text);
  const pid = signalNode(node, 'SIGKILL', roles);
  await waitForExit(node, exitTimeoutMs);
  report(
    json,
    { killed: node.name, pid, roles },
    `Killed ${node.name} (pid ${pid})${rolesText(roles)}`,
  );
});

/** `zookafka pause NODE` */
export const pauseCommand = fault('pause', 'stop a node in its tracks', async (options) => {
  const { node, roles } = await findNode(requireCluster(options.data), options.node);
  const pid = signalNode(node, 'SIGSTOP', roles);
  report(options.json, { paused: node.name, pid, roles }, `Paused ${node.name}${rolesText(roles)}`);
});

/** `zookafka resume NODE` */
export const resumeCommand = fault('resume', 'let a paused node go on', (options) => {
  // A paused node may have no role any more, and its old one another holder: only names are of use.
  const cluster = requireCluster(options.data);
  const node = cluster.nodes.find(({ name }) => name === options.node);
  if (node === undefined) {
    throw usageError(
      `Cannot resume "${options.node}": name the node, such as ${cluster.nodes[0]?.name ?? ''}`,
    );
  }
  const pid = signalNode(node, 'SIGCONT', []);
  report(options.json, { resumed: node.name, pid }, `Resumed ${node.name}`);
  return Promise.resolve();
});

/** `zookafka restart NODE` */
export const restartCommand = fault(
  'restart',
  'stop a node if it runs, and start it',
  async (options) => {
    const { node, roles } = await findNode(requireCluster(options.data), options.node);
    if (runningPidOf(node) !== undefined) await stopNodes([node], roles);
    const pid = startNode(node);
    const deadlineMs = performance.now() + startTimeoutMs;
    while (pidOf(node) === undefined) {
      requireStarting(node, pid);
      if (performance.now() > deadlineMs) {
        throw failedError(
          `${node.name} does not serve after ${startTimeoutMs / 1000} s: see ${node.outputPath}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, startPollMs));
    }
    report(
      options.json,
      { restarted: node.name, pid, roles },
      `Restarted ${node.name} (pid ${pid})`,
    );
  },
);

function report(json: boolean, facts: object, sentence: string): void {
  if (json) printJson(facts);
  else print(sentence);
}

function rolesText(roles: readonly string[]): string {
  return roles.length === 0 ? '' : `: it was ${roles.join(', ')}`;
}
