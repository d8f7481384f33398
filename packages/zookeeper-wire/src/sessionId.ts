/**
 * A session's id: a 64-bit number in two halves, because ids of servers above 31 are no safe integers.
 *
 * Both halves are unsigned 32-bit integers in every id that this package makes; signed halves are understood too.
 */
export interface SessionId {
  readonly high: number;
  readonly low: number;
}

/** Zero: a client that has no session yet, and a znode that nobody's session holds. */
export const noSession: SessionId = { high: 0, low: 0 };

/** @returns the id of these halves, each taken as 32 bits */
export function sessionIdOf(high: number, low: number): SessionId {
  return { high: high >>> 0, low: low >>> 0 };
}

/** @returns the id as ZooKeeper prints it: `0x` and hexadecimal digits without leading zeros */
export function sessionIdText({ high, low }: SessionId): string {
  if (high === 0) return `0x${(low >>> 0).toString(16)}`;
  return `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`;
}

/** @returns the id that `sessionIdText` printed, or undefined when the text is no id */
export function parseSessionId(text: string): SessionId | undefined {
  const digits = /^0x([0-9a-f]{1,16})$/i.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const padded = digits.padStart(16, '0');
  return sessionIdOf(parseInt(padded.slice(0, 8), 16), parseInt(padded.slice(8), 16));
}

/** @returns a key for maps: equal for equal ids */
export function sessionKey({ high, low }: SessionId): string {
  return `${(high >>> 0).toString(36)}.${(low >>> 0).toString(36)}`;
}

/** @returns whether both name one session */
export function sameSession(left: SessionId, right: SessionId): boolean {
  return (left.low | 0) === (right.low | 0) && (left.high | 0) === (right.high | 0);
}

/** @returns whether this is the id of no session */
export function isNoSession({ high, low }: SessionId): boolean {
  return high === 0 && low === 0;
}

/**
 * The first id that a server gives: its own id in the high 8 bits, then 40 bits of its clock, then 16 of zero.
 *
 * @param startMs when the server started: any clock that has moved on by the next start
 */
export function firstSessionId(serverId: number, startMs: number): SessionId {
  const clockHigh = Math.floor(startMs / 0x1_0000) & 0xff_ffff;
  return sessionIdOf((serverId << 24) | clockHigh, (startMs % 0x1_0000) << 16);
}

/** @returns the id after this one */
export function nextSessionId({ high, low }: SessionId): SessionId {
  return low >>> 0 === 0xffff_ffff ? sessionIdOf(high + 1, 0) : sessionIdOf(high, low + 1);
}
