import { integerOf, jsonDecode, jsonEncode, textOf, textsByName } from './json.ts';

/** Where a broker listens under one listener's name. */
export interface BrokerEndpoint {
  readonly listener: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: string;
}

/** What a broker says of itself in `/brokers/ids/N`. */
export interface BrokerPayload {
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | null;
  /** Wall time of the registration in ms. */
  readonly timestampMs: number;
}

/** @returns the registration in version 5 of its layout */
export function encodeBroker({ endpoints, rack, timestampMs }: BrokerPayload): Uint8Array {
  const plain = endpoints.find((endpoint) => endpoint.securityProtocol === 'PLAINTEXT');
  return jsonEncode({
    version: 5,
    host: plain?.host ?? null,
    port: plain?.port ?? -1,
    endpoints: endpoints.map(
      ({ listener, host, port }) => `${listener}://${hostText(host)}:${port}`,
    ),
    jmx_port: -1,
    timestamp: String(timestampMs),
    rack: rack ?? undefined,
    listener_security_protocol_map: Object.fromEntries(
      endpoints.map(({ listener, securityProtocol }) => [listener, securityProtocol]),
    ),
    features: {},
  });
}

/** Reads versions 1 to 5. @returns undefined when it is no registration */
export function decodeBroker(bytes: Uint8Array | null): BrokerPayload | undefined {
  const json = jsonDecode(bytes);
  if (json === undefined) return undefined;
  const protocols = textsByName(json['listener_security_protocol_map']);
  const listed: readonly unknown[] = Array.isArray(json['endpoints']) ? json['endpoints'] : [];
  const endpoints = listed
    .map((text) => endpointOf(text, protocols))
    .filter((endpoint) => endpoint !== undefined);
  const host = textOf(json['host']);
  const port = integerOf(json['port']) ?? -1;
  if (endpoints.length === 0 && host !== undefined && port > 0) {
    endpoints.push({ listener: 'PLAINTEXT', host, port, securityProtocol: 'PLAINTEXT' });
  }
  if (endpoints.length === 0) return undefined;
  return {
    endpoints,
    rack: textOf(json['rack']) ?? null,
    timestampMs: integerOf(json['timestamp']) ?? -1,
  };
}

/** @returns the first endpoint of `mine` that `others` advertises too, or undefined */
export function endpointClash(
  mine: readonly BrokerEndpoint[],
  others: readonly BrokerEndpoint[],
): BrokerEndpoint | undefined {
  return mine.find((endpoint) =>
    others.some((other) => other.host === endpoint.host && other.port === endpoint.port),
  );
}

function endpointOf(
  value: unknown,
  protocols: ReadonlyMap<string, string>,
): BrokerEndpoint | undefined {
  const found = /^([^:/]+):\/\/(.*):(\d{1,5})$/.exec(textOf(value) ?? '');
  if (found === null) return undefined;
  const [, listener, host, port] = found as unknown as [string, string, string, string];
  return {
    listener,
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    securityProtocol: protocols.get(listener) ?? listener,
  };
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
