import { type Properties } from '@zookafka/runtime';

/** Where something listens, or is reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const loopback = '127.0.0.1';
const wildcards: readonly string[] = ['0.0.0.0', '::'];
const accepted = 'one listener, such as PLAINTEXT://127.0.0.1:9092';

/**
 * Reads `listeners` and `advertised.listeners`. A listener that names no host is bound to loopback: every address is
 * named as 0.0.0.0.
 *
 * @throws {PropertiesError}
 */
export function readListeners(properties: Properties): {
  readonly listen: Address;
  readonly advertised: Address;
} {
  const listen = readListener(properties, 'listeners', `PLAINTEXT://${loopback}:9092`);
  const key = 'advertised.listeners';
  if (!properties.has(key)) {
    if (wildcards.includes(listen.host)) {
      throw properties.badValue('listeners', `a host of its own, unless ${key} is set`);
    }
    return { listen, advertised: listen };
  }
  const advertised = readListener(properties, key);
  if (wildcards.includes(advertised.host)) {
    throw properties.badValue(key, 'an address that clients can connect to');
  }
  return { listen, advertised };
}

function readListener(properties: Properties, key: string, fallback?: string): Address {
  const parts = /^PLAINTEXT:\/\/(?:\[([^\]]*)\]|([^:[\],]*)):(\d{1,5})$/.exec(
    properties.text(key, fallback),
  );
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535) throw properties.badValue(key, accepted);
  const host = parts[1] ?? parts[2] ?? '';
  return { host: host === '' ? loopback : host, port };
}
