import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { failedError, usageError } from '../failure.ts';
import { shellWord } from '../words.ts';
import { makeFolder } from './folders.ts';

/** Which of the two programs a node is. */
export type NodeKind = 'coordinator' | 'broker';

/** One process of a cluster, and where everything of it is. */
export interface NodeLayout {
  readonly name: string;
  readonly kind: NodeKind;
  /** The member's or the broker's id, from 1. */
  readonly id: number;
  /** Where clients connect: `host:port`. */
  readonly address: string;
  readonly port: number;
  readonly folder: string;
  readonly configurationPath: string;
  /** Written by the node itself once it serves. */
  readonly pidPath: string;
  /** Written by whoever started the node. */
  readonly startedPidPath: string;
  readonly outputPath: string;
  readonly eventsPath: string;
}

/** What is kept about a cluster beside its nodes' folders. */
export interface ClusterDescription {
  /** The version of this file's own format. */
  readonly version: 1;
  readonly host: string;
  readonly coordinators: number;
  readonly brokers: number;
  readonly portOffset: number;
}

/** A cluster in a data folder: every path and port follows from its description. */
export interface ClusterLayout {
  readonly data: string;
  readonly description: ClusterDescription;
  readonly coordinators: readonly NodeLayout[];
  readonly brokers: readonly NodeLayout[];
  readonly nodes: readonly NodeLayout[];
  /** `host:port,…` of all coordinators. */
  readonly zookeeper: string;
  /** `host:port,…` of all brokers. */
  readonly bootstrap: string;
}

/** Where a cluster is kept when no `--data` is given: below the current folder. */
export const dataDefault = '.zookafka';

const clientPortFirst = 2181;
const brokerPortFirst = 9092;
const quorumPortFirst = 2881;
const electionPortFirst = 3881;
const descriptionFile = 'cluster.json';

/** The port on which member `id` speaks to learners, and the one for votes. */
export function peerPorts(
  id: number,
  portOffset: number,
): { readonly quorumPort: number; readonly electionPort: number } {
  return {
    quorumPort: quorumPortFirst + id - 1 + portOffset,
    electionPort: electionPortFirst + id - 1 + portOffset,
  };
}

/** Lays a cluster out; touches no file. */
export function layOut(data: string, description: ClusterDescription): ClusterLayout {
  const { host, portOffset } = description;
  const folder = resolve(data);
  const nodesOf = (kind: NodeKind, count: number, portFirst: number): readonly NodeLayout[] =>
    Array.from({ length: count }, (_, index) => {
      const port = portFirst + index + portOffset;
      return nodeLayout({ kind, id: index + 1, host, port, data: folder });
    });
  const coordinators = nodesOf('coordinator', description.coordinators, clientPortFirst);
  const brokers = nodesOf('broker', description.brokers, brokerPortFirst);
  return {
    data: folder,
    description,
    coordinators,
    brokers,
    nodes: [...coordinators, ...brokers],
    zookeeper: coordinators.map(({ address }) => address).join(','),
    bootstrap: brokers.map(({ address }) => address).join(','),
  };
}

interface NodePlace {
  readonly kind: NodeKind;
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly data: string;
}

function nodeLayout({ kind, id, host, port, data }: NodePlace): NodeLayout {
  const name = `${kind}-${id}`;
  const folder = join(data, name);
  return {
    name,
    kind,
    id,
    port,
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    folder,
    configurationPath: join(folder, kind === 'coordinator' ? 'zoo.cfg' : 'server.properties'),
    pidPath: join(folder, 'pid'),
    startedPidPath: join(folder, 'started.pid'),
    outputPath: join(folder, 'output.log'),
    eventsPath: join(folder, 'events.jsonl'),
  };
}

/** @returns the cluster in `data`, or undefined where there is none */
export function findCluster(data: string): ClusterLayout | undefined {
  const path = join(resolve(data), descriptionFile);
  if (!existsSync(path)) return undefined;
  return layOut(data, parseDescription(path, readFileSync(path, 'utf8')));
}

/** @throws {CommandError} USAGE when there is no cluster in `data` */
export function requireCluster(data: string): ClusterLayout {
  const cluster = findCluster(data);
  if (cluster === undefined) {
    throw usageError(
      `There is no cluster in ${resolve(data)}: start one with "zookafka up --data ${shellWord(data)}", or name its folder with --data`,
    );
  }
  return cluster;
}

/** Keeps the description, so that every later command finds the cluster by its folder. */
export function writeDescription({ data, description }: ClusterLayout): void {
  makeFolder(data);
  const path = join(data, descriptionFile);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(description, undefined, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

function parseDescription(path: string, text: string): ClusterDescription {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw usageError(`Cannot read ${path}: it is not JSON (${String(cause)})`);
  }
  const { version, host, coordinators, brokers, portOffset } = value as Partial<ClusterDescription>;
  if (version !== 1) {
    throw usageError(
      `Cannot read ${path}: its version is ${String(version)}, this program knows version 1`,
    );
  }
  if (
    typeof host !== 'string' ||
    ![coordinators, brokers, portOffset].every((count) => Number.isSafeInteger(count))
  ) {
    throw failedError(`Cannot read ${path}: host, coordinators, brokers or portOffset is missing`);
  }
  return value as ClusterDescription;
}
