import { dirname, resolve } from 'node:path';
import { Properties } from '@zookafka/runtime';
import { parseConnectString, type ConnectString } from '@zookafka/zookeeper-session';
import { type BrokerConfig } from '../core/index.ts';
import { readCoreSettings } from './coreSettings.ts';
import { type Address, readListeners } from './listeners.ts';
import { type LogSettings, readLogSettings } from './logSettings.ts';

/** How the ensemble is reached. Times in ms. */
export interface ZookeeperSettings extends ConnectString {
  /** A real ZooKeeper has only TCP. */
  readonly transport: 'websocket' | 'tcp';
  readonly sessionTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  /** The ensemble's tick: a session lasts up to one longer than its timeout. */
  readonly tickMs: number;
  /** Whether the servers know `addWatch`. */
  readonly hasAddWatch: boolean;
}

/** The bounds of client connections. */
export interface SocketSettings {
  readonly requestBytesMax: number;
  readonly connectionCountMax: number;
  readonly connectionsPerAddressMax: number;
  /** 0: never. */
  readonly idleMsMax: number;
}

/** What a controller does where topics say nothing. */
export interface ControllerSettings {
  readonly isUncleanAllowed: boolean;
  /** 0: never. */
  readonly rebalanceMs: number;
}

/** A broker's `server.properties`, checked. */
export interface BrokerConfiguration {
  readonly path: string;
  readonly listen: Address;
  /** What clients and other brokers are told; port 0: the one that is listened on. */
  readonly advertised: Address;
  /** Absolute, at least one. */
  readonly logDirs: readonly string[];
  readonly zookeeper: ZookeeperSettings;
  readonly sockets: SocketSettings;
  readonly logs: LogSettings;
  readonly controller: ControllerSettings;
  /** What the broker's machine needs, but for where it is reached. */
  readonly core: Omit<BrokerConfig, 'host' | 'port'>;
  /** How long a controlled shutdown may take. */
  readonly stopMsMax: number;
  /** Keys of the file that nothing here knows. */
  readonly keysUnknown: readonly string[];
}

const int32Max = 2 ** 31 - 1;
const positive = { min: 1, max: int32Max };
const natural = { min: 0, max: int32Max };

/**
 * Reads a broker's configuration: Kafka's own keys, and a few of ours that begin with `zookafka.` or `zookeeper.`.
 *
 * @throws {PropertiesError} naming the file, the key, its value and what is accepted
 */
export function readBrokerConfiguration(path: string): BrokerConfiguration {
  const properties = Properties.load(path);
  const known = {
    path,
    ...readListeners(properties),
    logDirs: readLogDirs(properties, dirname(path)),
    zookeeper: readZookeeper(properties),
    sockets: readSockets(properties),
    logs: readLogSettings(properties),
    controller: readController(properties),
    core: readCoreSettings(properties),
    stopMsMax: properties.integer('zookafka.stop.max.ms', natural, 15_000),
  };
  const keysUnknown = properties.keysUnused;
  const given: Record<string, string> = {};
  for (const key of properties.keys) {
    const value = properties.optional(key);
    if (value !== undefined && !keysUnknown.includes(key)) given[key] = value;
  }
  return { ...known, core: { ...known.core, given }, keysUnknown };
}

function readLogDirs(properties: Properties, folder: string): readonly string[] {
  const key = properties.has('log.dirs') ? 'log.dirs' : 'log.dir';
  const dirs = properties.list(key).map((dir) => resolve(folder, dir));
  if (dirs.length === 0 || new Set(dirs).size !== dirs.length) {
    throw properties.badValue(key, 'one folder or more, each named once');
  }
  return dirs;
}

function readZookeeper(properties: Properties): ZookeeperSettings {
  return {
    ...readConnect(properties),
    transport: properties.oneOf('zookeeper.transport', ['websocket', 'tcp'], 'websocket'),
    sessionTimeoutMs: properties.integer('zookeeper.session.timeout.ms', positive, 18_000),
    connectionTimeoutMs: properties.integer('zookeeper.connection.timeout.ms', positive, 18_000),
    tickMs: properties.integer('zookafka.zookeeper.tick.ms', natural, 3000),
    hasAddWatch: properties.boolean('zookafka.zookeeper.add.watch', true),
  };
}

function readConnect(properties: Properties): ConnectString {
  const key = 'zookeeper.connect';
  const accepted = 'host:port,host:port/chroot';
  const text = properties.text(key);
  let connect: ConnectString;
  try {
    connect = parseConnectString(text);
  } catch {
    throw properties.badValue(key, accepted);
  }
  for (const host of connect.hosts) {
    if (!isHostAndPort(host)) throw properties.badValue(key, accepted);
  }
  return connect;
}

function isHostAndPort(text: string): boolean {
  const parts = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  return parts !== null && Number(parts[1] ?? 1) >= 1 && Number(parts[1] ?? 1) <= 65_535;
}

function readSockets(properties: Properties): SocketSettings {
  const requestBytes = { min: 1024, max: int32Max };
  return {
    requestBytesMax: properties.integer('socket.request.max.bytes', requestBytes, 100 << 20),
    connectionCountMax: properties.integer('max.connections', natural, int32Max),
    connectionsPerAddressMax: properties.integer('max.connections.per.ip', natural, int32Max),
    idleMsMax: properties.integer('connections.max.idle.ms', natural, 600_000),
  };
}

function readController(properties: Properties): ControllerSettings {
  const isRebalancing = properties.boolean('auto.leader.rebalance.enable', true);
  const key = 'leader.imbalance.check.interval.seconds';
  const seconds = properties.integer(key, { min: 1, max: 86_400 }, 300);
  return {
    isUncleanAllowed: properties.boolean('unclean.leader.election.enable', false),
    rebalanceMs: isRebalancing ? seconds * 1000 : 0,
  };
}
