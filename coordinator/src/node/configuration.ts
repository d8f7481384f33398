import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { CodedError } from '@zookafka/base';
import { Properties } from '@zookafka/runtime';
import { fourLetterWords } from '@zookafka/zookeeper-wire';

/** Another member, as `server.N` names it. */
export interface PeerAddress {
  readonly serverId: number;
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number;
}

/** One member's `zoo.cfg`, checked. Times in ms, limits in ticks. */
export interface CoordinatorConfiguration {
  readonly path: string;
  readonly serverId: number;
  readonly tickMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  readonly dataDir: string;
  readonly clientHost: string;
  /** 0: one that is free. */
  readonly clientPort: number;
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  /** Connections from one address: 0 is no bound. */
  readonly connectionsPerAddressMax: number;
  readonly whitelist: readonly string[];
  readonly snapCount: number;
  readonly globalOutstandingLimit: number;
  readonly juteMaxBuffer: number;
  readonly skipAcl: boolean;
  readonly superDigest: string | null;
  /** All members, this one among them, by id. */
  readonly peers: readonly PeerAddress[];
  /** Where the store waits for the disk: `loop` is for comparison. */
  readonly storeMode: 'worker' | 'loop';
  readonly snapshotCountKept: number;
  /** Keys of the file that nothing here knows. */
  readonly keysUnknown: readonly string[];
}

/** Why a member's identity cannot be told. */
export type IdentityRefusal =
  | { readonly code: 'NO_ID'; readonly path: string }
  | { readonly code: 'BAD_ID'; readonly path: string; readonly text: string };

/** A `myid` that is missing or that the configuration does not name. */
export class IdentityError extends CodedError<IdentityRefusal> {
  override readonly name = 'IdentityError';
}

const portRange = { min: 0, max: 65_535 };
const tickRange = { min: 10, max: 600_000 };
const limitRange = { min: 1, max: 10_000 };
const countRange = { min: 0, max: 2 ** 31 - 1 };
const sessionRange = { min: 1, max: countRange.max };
/** The id is the first byte of every session id. */
const serverIdMax = 255;

/**
 * Reads a member's configuration: ZooKeeper's own keys.
 *
 * @throws {PropertiesError | IdentityError} naming the file, the key and what is accepted
 */
export function readCoordinatorConfiguration(path: string): CoordinatorConfiguration {
  const properties = Properties.load(path);
  const tickMs = properties.integer('tickTime', tickRange, 3000);
  const dataDir = resolve(dirname(path), properties.text('dataDir'));
  const peers = readPeers(properties);
  const serverId = peers.length === 0 ? 1 : readServerId(properties, dataDir, peers);
  const standalone = [{ serverId, host: '127.0.0.1', quorumPort: 0, electionPort: 0 }];
  return {
    path,
    serverId,
    tickMs,
    dataDir,
    peers: peers.length === 0 ? standalone : peers,
    ...readLimits(properties, tickMs),
    initLimitTicks: properties.integer('initLimit', limitRange, 10),
    syncLimitTicks: properties.integer('syncLimit', limitRange, 5),
    clientHost: properties.text('clientPortAddress', '127.0.0.1'),
    clientPort: properties.integer('clientPort', portRange),
    whitelist: readWhitelist(properties),
    skipAcl: properties.oneOf('skipACL', ['yes', 'no'], 'no') === 'yes',
    superDigest: properties.optional('DigestAuthenticationProvider.superDigest') ?? null,
    storeMode: properties.oneOf('zookafka.store', ['worker', 'loop'], 'worker'),
    keysUnknown: properties.keysUnused,
  };
}

function readLimits(
  properties: Properties,
  tickMs: number,
): Pick<
  CoordinatorConfiguration,
  | 'sessionTimeoutMsMin'
  | 'sessionTimeoutMsMax'
  | 'connectionsPerAddressMax'
  | 'snapCount'
  | 'snapshotCountKept'
  | 'globalOutstandingLimit'
  | 'juteMaxBuffer'
> {
  const sessionTimeoutMsMin = properties.integer('minSessionTimeout', sessionRange, 2 * tickMs);
  const sessionTimeoutMsMax = properties.integer('maxSessionTimeout', sessionRange, 20 * tickMs);
  if (sessionTimeoutMsMin > sessionTimeoutMsMax) {
    throw properties.badValue('minSessionTimeout', `at most maxSessionTimeout`);
  }
  return {
    sessionTimeoutMsMin,
    sessionTimeoutMsMax,
    connectionsPerAddressMax: properties.integer('maxClientCnxns', countRange, 60),
    snapCount: properties.integer('snapCount', { min: 2, max: countRange.max }, 100_000),
    snapshotCountKept: properties.integer(
      'autopurge.snapRetainCount',
      { min: 3, max: limitRange.max },
      3,
    ),
    globalOutstandingLimit: properties.integer('globalOutstandingLimit', limitRange, 1000),
    juteMaxBuffer: properties.integer('jute.maxbuffer', { min: 1024, max: 1 << 30 }, 0xfffff),
  };
}

function readPeers(properties: Properties): readonly PeerAddress[] {
  const peers: PeerAddress[] = [];
  for (const id of properties.withPrefix('server.').keys()) {
    peers.push(readPeer(properties, `server.${id}`, /^\d+$/.test(id) ? Number(id) : -1));
  }
  return peers.sort((left, right) => left.serverId - right.serverId);
}

function readPeer(properties: Properties, key: string, serverId: number): PeerAddress {
  const accepted = 'host:quorumPort:electionPort, such as 127.0.0.1:2888:3888';
  // A role and a client port may follow, as ZooKeeper 3.5 and later write them.
  const parts = /^\[?([^\]]+?)\]?:(\d+):(\d+)(:participant)?(;.*)?$/.exec(properties.text(key));
  const [quorumPort, electionPort] = [Number(parts?.[2]), Number(parts?.[3])];
  if (parts === null || serverId < 1 || serverId > serverIdMax) {
    throw properties.badValue(key, `${accepted}, with an id from 1 to ${serverIdMax}`);
  }
  if (quorumPort > portRange.max || electionPort > portRange.max || quorumPort === electionPort) {
    throw properties.badValue(key, `${accepted}: two different ports up to ${portRange.max}`);
  }
  return { serverId, host: parts[1] as string, quorumPort, electionPort };
}

function readServerId(
  properties: Properties,
  dataDir: string,
  peers: readonly PeerAddress[],
): number {
  const path = join(dataDir, 'myid');
  const ids = peers.map(({ serverId }) => serverId).join(', ');
  if (!existsSync(path)) {
    throw new IdentityError(
      { code: 'NO_ID', path },
      `Cannot use ${properties.file}: ${path} is missing, which holds this member's id, one of ${ids}`,
    );
  }
  const text = readFileSync(path, 'utf8').trim();
  const serverId = Number(text);
  if (text === '' || !peers.some((peer) => peer.serverId === serverId)) {
    throw new IdentityError(
      { code: 'BAD_ID', path, text },
      `Cannot use ${properties.file}: ${path} holds '${text}', accepted is one of ${ids}`,
    );
  }
  return serverId;
}

function readWhitelist(properties: Properties): readonly string[] {
  const words = properties.list('4lw.commands.whitelist', ['srvr']);
  const known: readonly string[] = [...fourLetterWords, '*'];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    throw properties.badValue(
      '4lw.commands.whitelist',
      `* or some of ${fourLetterWords.join(', ')}`,
    );
  }
  return words;
}
