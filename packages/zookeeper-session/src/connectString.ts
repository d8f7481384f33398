import { CodedError } from '@zookafka/base';
import { pathFault } from '@zookafka/zookeeper-wire';

/** Why a text names no servers. */
export interface ConnectStringRefusal {
  readonly code: 'NO_HOSTS' | 'BAD_CHROOT';
}

/** A text that names no servers. */
export class ConnectStringError extends CodedError<ConnectStringRefusal> {
  override readonly name = 'ConnectStringError';
}

/** Servers and chroot, as `SessionOptions` takes them. */
export interface ConnectString {
  readonly hosts: readonly string[];
  readonly chroot: string;
}

/**
 * Reads `host:port,host:port/chroot`, as ZooKeeper's clients and Kafka's `zookeeper.connect` write it.
 *
 * @throws {ConnectStringError} when it names no host, or a chroot that is no path
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  const list = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? '/' : text.slice(slash);
  const hosts = list
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
  if (hosts.length === 0) {
    throw new ConnectStringError({ code: 'NO_HOSTS' }, `Cannot connect to "${text}": no host`);
  }
  const fault = pathFault(path);
  if (fault !== undefined) {
    throw new ConnectStringError(
      { code: 'BAD_CHROOT' },
      `Cannot connect to "${text}": the chroot is no path: ${fault}`,
    );
  }
  return { hosts, chroot: path === '/' ? '' : path };
}
