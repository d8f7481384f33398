import { utf8Decode } from '@zookafka/base';
import { type AuthId, type RequestOf } from '@zookafka/zookeeper-wire';
import { type Connection } from './connection.ts';
import { type MemberConfig } from './types.ts';

/** How many identities one connection may prove. */
export const connectionIdsMax = 64;

/**
 * Who a connection is after an auth packet.
 *
 * @returns all its identities, or null when the packet proves nothing: the connection then ends
 */
export function authenticate(
  packet: RequestOf<'auth'>,
  connection: Connection,
  config: Pick<MemberConfig, 'sha1Base64' | 'superDigest'>,
): readonly AuthId[] | null {
  if (connection.ids.length >= connectionIdsMax) return null;
  if (packet.scheme === 'ip') return withId(connection.ids, 'ip', connection.address);
  if (packet.scheme !== 'digest') return null;
  const text = utf8Decode(packet.auth);
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  const digest = `${text.slice(0, colon)}:${config.sha1Base64(packet.auth)}`;
  const ids = withId(connection.ids, 'digest', digest);
  return digest === config.superDigest ? withId(ids, 'super', '') : ids;
}

function withId(ids: readonly AuthId[], scheme: string, id: string): readonly AuthId[] {
  if (ids.some((known) => known.scheme === scheme && known.id === id)) return ids;
  return [...ids, { scheme, id }];
}
