import { type Acl, type AuthId, errorCodes, openAcl, permissions } from '@zookafka/zookeeper-wire';
import { hashText, mix } from './digest.ts';

/** Everybody may do everything: the access list of most nodes, shared by them. */
export const worldAnyone: readonly Acl[] = openAcl;

/**
 * An access list as it is stored: shared where it is the usual one, so that a million nodes do not hold a million
 * equal lists.
 */
export function sharedAcl(acl: readonly Acl[]): readonly Acl[] {
  const first = acl[0];
  const isUsual =
    acl.length === 1 &&
    first?.perms === permissions.ALL &&
    first.id.scheme === 'world' &&
    first.id.id === 'anyone';
  return isUsual ? worldAnyone : acl;
}

/** @returns a hash of what the list says */
export function aclHashOf(acl: readonly Acl[]): number {
  if (acl === worldAnyone) return 0;
  let hash = acl.length;
  for (const { perms, id } of acl) {
    hash = mix(mix(mix(hash, perms), hashText(id.scheme)), hashText(id.id));
  }
  return hash;
}

/**
 * Whether one of `ids` has one of the permissions `perms`. Source: ZooKeeper 3.9, `ZooKeeperServer.checkACL`.
 */
export function isPermitted(acl: readonly Acl[], perms: number, ids: readonly AuthId[]): boolean {
  if (acl === worldAnyone || acl.length === 0) return true;
  for (const id of ids) if (id.scheme === 'super') return true;
  for (const entry of acl) {
    if ((entry.perms & perms) === 0) continue;
    if (entry.id.scheme === 'world' && entry.id.id === 'anyone') return true;
    for (const id of ids) if (matches(entry.id, id)) return true;
  }
  return false;
}

/** A stored list, or the code with which the request fails. */
export type FixedAcl =
  | { readonly acl: readonly Acl[]; readonly err: 0 }
  | { readonly acl: null; readonly err: typeof errorCodes.InvalidACL };

/**
 * The list that a create or setACL stores: without doubles, `auth` replaced by who the connection is, everything
 * unknown refused. Source: ZooKeeper 3.9, `PrepRequestProcessor.fixupACL`.
 */
export function fixAcl(requested: readonly Acl[], ids: readonly AuthId[]): FixedAcl {
  if (sharedAcl(requested) === worldAnyone) return { acl: worldAnyone, err: 0 };
  const fixed: Acl[] = [];
  for (const entry of requested) {
    if (!fixEntry(entry, ids, fixed)) return { acl: null, err: errorCodes.InvalidACL };
  }
  if (fixed.length === 0) return { acl: null, err: errorCodes.InvalidACL };
  return { acl: sharedAcl(fixed), err: 0 };
}

/** The list as somebody without ADMIN may see it: a digest's user, not its hash. */
export function maskedAcl(acl: readonly Acl[], ids: readonly AuthId[]): readonly Acl[] {
  if (acl === worldAnyone || isPermitted(acl, permissions.ADMIN, ids)) return acl;
  return acl.map((entry) => {
    if (entry.id.scheme !== 'digest') return entry;
    const user = entry.id.id.split(':', 1)[0] as string;
    return { perms: entry.perms, id: { scheme: 'digest', id: `${user}:x` } };
  });
}

/** Whether an address lies in an `ip` entry: an address, or one with the number of bits that count. */
export function isAddressIn(address: string, range: string): boolean {
  const [network = '', bitsText] = range.split('/', 2);
  if (bitsText === undefined) return bytesEqualOf(address, network);
  const left = addressBytes(address);
  const right = addressBytes(network);
  if (left === undefined || right?.length !== left.length) return false;
  const bits = Number(bitsText);
  for (let bit = 0; bit < bits; bit += 8) {
    const kept = Math.min(8, bits - bit);
    const mask = (0xff << (8 - kept)) & 0xff;
    const index = bit >> 3;
    if ((((left[index] as number) ^ (right[index] as number)) & mask) !== 0) return false;
  }
  return true;
}

function bytesEqualOf(left: string, right: string): boolean {
  if (left === right) return true;
  const leftBytes = addressBytes(left);
  const rightBytes = addressBytes(right);
  return leftBytes !== undefined && leftBytes.join() === rightBytes?.join();
}

function fixEntry(entry: Acl, ids: readonly AuthId[], fixed: Acl[]): boolean {
  const { scheme, id } = entry.id;
  switch (scheme) {
    case 'world':
      if (id !== 'anyone') return false;
      pushOnce(fixed, entry);
      return true;
    case 'auth': {
      const own = ids.filter((known) => known.scheme !== 'ip' && known.scheme !== 'super');
      for (const known of own) pushOnce(fixed, { perms: entry.perms, id: known });
      return own.length > 0;
    }
    case 'digest':
      if (id.split(':').length !== 2) return false;
      pushOnce(fixed, entry);
      return true;
    case 'ip':
      if (!isRange(id)) return false;
      pushOnce(fixed, entry);
      return true;
    default:
      return false;
  }
}

function pushOnce(fixed: Acl[], entry: Acl): void {
  for (const known of fixed) {
    const isSame =
      known.perms === entry.perms &&
      known.id.scheme === entry.id.scheme &&
      known.id.id === entry.id.id;
    if (isSame) return;
  }
  fixed.push(entry);
}

function matches(wanted: AuthId, id: AuthId): boolean {
  if (wanted.scheme !== id.scheme) return false;
  if (wanted.scheme === 'ip') return isAddressIn(id.id, wanted.id);
  return wanted.id === id.id;
}

function isRange(range: string): boolean {
  const [network = '', bitsText, more] = range.split('/', 3);
  const bytes = addressBytes(network);
  if (bytes === undefined || more !== undefined) return false;
  if (bitsText === undefined) return true;
  return /^[0-9]{1,3}$/.test(bitsText) && Number(bitsText) <= bytes.length * 8;
}

/** Four or sixteen bytes; an IPv4 address written as IPv6 is IPv4. */
function addressBytes(address: string): readonly number[] | undefined {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1] ?? address;
  if (mapped.includes('.')) return version4Bytes(mapped);
  return mapped.includes(':') ? version6Bytes(mapped) : undefined;
}

function version4Bytes(address: string): readonly number[] | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (/^[0-9]{1,3}$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function version6Bytes(address: string): readonly number[] | undefined {
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const head = groupsOf(halves[0] ?? '');
  const tail = groupsOf(halves[1] ?? '');
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
