import { createHash } from 'node:crypto';
import { hostname, release, type } from 'node:os';

import { type MemberConfig } from '../core/index.ts';
import { type CoordinatorConfiguration } from './configuration.ts';

/** The release of ZooKeeper whose behaviour is emulated, and ours. */
const version = '3.9.4-zookafka-0.1.0';
/** When this version was cut, as ZooKeeper prints it: clients parse the date. */
const builtOn = '11/21/2026 00:00 GMT';

/** @returns what the member's machine is told of its configuration */
export function memberConfigOf(
  configuration: CoordinatorConfiguration,
  ensembleId: string | null,
): MemberConfig {
  const { serverId, tickMs, initLimitTicks, syncLimitTicks, peers } = configuration;
  return {
    zab: {
      serverId,
      ensembleId,
      voters: peers.map((peer) => peer.serverId),
      tickMs,
      initLimitTicks,
      syncLimitTicks,
      committedLogCountMax: 10_000,
      committedLogBytesMax: 32 << 20,
      pinnedLogBytesMax: 256 << 20,
      finalizeWaitMs: 200,
      resendMsMin: 200,
      resendMsMax: 60_000,
      connectAttemptsMax: 5,
      connectRetryMs: 100,
    },
    sessionTimeoutMsMin: configuration.sessionTimeoutMsMin,
    sessionTimeoutMsMax: configuration.sessionTimeoutMsMax,
    outstandingRequestsMax: configuration.globalOutstandingLimit,
    snapCount: configuration.snapCount,
    snapshotSliceNodesMax: 2000,
    snapshotSliceBytesMax: 1 << 20,
    skipAcl: configuration.skipAcl,
    sha1Base64: (bytes) => createHash('sha1').update(bytes).digest('base64'),
    superDigest: configuration.superDigest,
    admin: {
      version,
      builtOn,
      whitelist: configuration.whitelist,
      environment: environmentLines(),
      configuration: confLines(configuration),
    },
  };
}

/** What `envi` prints of this process. */
function environmentLines(): readonly (readonly [name: string, value: string])[] {
  return [
    ['host.name', hostname()],
    ['node.version', process.version],
    ['os.name', type()],
    ['os.arch', process.arch],
    ['os.version', release()],
    ['user.dir', process.cwd()],
  ];
}

/** What `conf` prints: the values in force, under ZooKeeper's names. */
function confLines(
  configuration: CoordinatorConfiguration,
): readonly (readonly [name: string, value: string])[] {
  const { serverId, peers, clientHost } = configuration;
  const self = peers.find((peer) => peer.serverId === serverId);
  const lines: [string, number | string][] = [
    ['clientPort', configuration.clientPort],
    ['clientPortAddress', clientHost],
    ['dataDir', configuration.dataDir],
    ['tickTime', configuration.tickMs],
    ['maxClientCnxns', configuration.connectionsPerAddressMax],
    ['minSessionTimeout', configuration.sessionTimeoutMsMin],
    ['maxSessionTimeout', configuration.sessionTimeoutMsMax],
    ['serverId', serverId],
  ];
  if (peers.length > 1 && self !== undefined) {
    lines.push(
      ['initLimit', configuration.initLimitTicks],
      ['syncLimit', configuration.syncLimitTicks],
      ['electionPort', self.electionPort],
      ['quorumPort', self.quorumPort],
    );
    for (const { serverId: id, host, quorumPort, electionPort } of peers) {
      lines.push([`server.${id}`, `${host}:${quorumPort}:${electionPort}:participant`]);
    }
  }
  return lines.map(([name, value]) => [name, String(value)] as const);
}
