import { type records } from './records.ts';
import { type SessionId } from './sessionId.ts';

/** The name of a record of the protocol. */
export type RecordName = keyof typeof records;

interface Primitives {
  readonly int: number;
  readonly long: number;
  readonly session: SessionId;
  readonly boolean: boolean;
  readonly 'boolean?': boolean | null;
  readonly ustring: string;
  readonly 'ustring?': string | null;
  readonly buffer: Uint8Array;
  readonly 'buffer?': Uint8Array | null;
}

/** The value of a field of this type. */
export type ValueOf<Type> = Type extends keyof Primitives
  ? Primitives[Type]
  : Type extends `vector<${infer Item}>`
    ? readonly ValueOf<Item>[]
    : Type extends RecordName
      ? RecordOf<Type>
      : never;

/** A record as a value, inferred from the table of records. */
export type RecordOf<Name extends RecordName> = {
  readonly [Field in keyof (typeof records)[Name]]: ValueOf<(typeof records)[Name][Field]>;
};

/** What a client sees of a znode beside its data. Times are wall time in ms, `ephemeralOwner` a session. */
export type Stat = RecordOf<'Stat'>;
/** One permission: `perms` is a sum of permission bits. */
export type Acl = RecordOf<'ACL'>;
/** The head of every transaction. `clientId` is the session, `cxid` its request, `time` the leader's wall clock. */
export type TxnHeader = RecordOf<'TxnHeader'>;
/** The head of every request after the handshake. */
export type RequestHeader = RecordOf<'RequestHeader'>;
/** The head of every reply and notification. */
export type ReplyHeader = RecordOf<'ReplyHeader'>;
/** The first frame of a connection; `readOnly` is null when the client left it out. */
export type ConnectRequest = RecordOf<'ConnectRequest'>;
/** The answer to it; `readOnly` is null when it is not to be written. */
export type ConnectResponse = RecordOf<'ConnectResponse'>;
/** A watch that fired; see `eventTypes` and `keeperStates`. */
export type WatcherEvent = RecordOf<'WatcherEvent'>;
/** The packet that ZooKeeper's members exchange. */
export type QuorumPacket = RecordOf<'QuorumPacket'>;
