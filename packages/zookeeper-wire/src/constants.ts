/** The greatest frame that a server takes by default, in bytes (ZooKeeper's `jute.maxbuffer`). */
export const juteMaxBufferDefault = 0xfffff;

/** Request numbers that mean something else than a request. */
export const specialXids = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

/** Codes of failed requests by their names in ZooKeeper. */
export const errorCodes = {
  OK: 0,
  SystemError: -1,
  RuntimeInconsistency: -2,
  DataInconsistency: -3,
  ConnectionLoss: -4,
  MarshallingError: -5,
  Unimplemented: -6,
  OperationTimeout: -7,
  BadArguments: -8,
  UnknownSession: -12,
  NewConfigNoQuorum: -13,
  ReconfigInProgress: -14,
  APIError: -100,
  NoNode: -101,
  NoAuth: -102,
  BadVersion: -103,
  NoChildrenForEphemerals: -108,
  NodeExists: -110,
  NotEmpty: -111,
  SessionExpired: -112,
  InvalidCallback: -113,
  InvalidACL: -114,
  AuthFailed: -115,
  SessionMoved: -118,
  NotReadOnly: -119,
  EphemeralOnLocalSession: -120,
  NoWatcher: -121,
  RequestTimeout: -122,
  ReconfigDisabled: -123,
  SessionClosedRequireSaslAuth: -124,
  QuotaExceeded: -125,
  ThrottledOp: -127,
} as const;

/** The name of an error. */
export type ErrorName = keyof typeof errorCodes;

const errorNames = new Map(
  Object.entries(errorCodes).map(([name, code]) => [code as number, name]),
);

/** @returns the name of an error code, or `Error` and the code when it has none */
export function errorName(code: number): string {
  return errorNames.get(code) ?? `Error ${code}`;
}

/** What happened to a watched znode. */
export const eventTypes = {
  None: -1,
  NodeCreated: 1,
  NodeDeleted: 2,
  NodeDataChanged: 3,
  NodeChildrenChanged: 4,
  DataWatchRemoved: 5,
  ChildWatchRemoved: 6,
  PersistentWatchRemoved: 7,
} as const;

/** The name of an event. */
export type EventName = keyof typeof eventTypes;

const eventNames = new Map(
  Object.entries(eventTypes).map(([name, code]) => [code as number, name as EventName]),
);

/** @returns the name of an event type, or undefined when it has none */
export function eventName(type: number): EventName | undefined {
  return eventNames.get(type);
}

/** The state of a client, as events carry it; a server always sends `SyncConnected`. */
export const keeperStates = {
  Disconnected: 0,
  SyncConnected: 3,
  AuthFailed: 4,
  ConnectedReadOnly: 5,
  SaslAuthenticated: 6,
  Closed: 7,
  Expired: -112,
} as const;

/** What removeWatches and checkWatches mean by a type. */
export const watcherTypes = {
  Children: 1,
  Data: 2,
  Any: 3,
  Persistent: 4,
  PersistentRecursive: 5,
} as const;

/** What addWatch means by a mode. */
export const watchModes = { persistent: 0, persistentRecursive: 1 } as const;

/** Bits of an access list's `perms`. */
export const permissions = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

/** Everybody may do everything. */
export const openAcl = [{ perms: permissions.ALL, id: { scheme: 'world', id: 'anyone' } }] as const;

/** Everybody may read. */
export const readAcl = [
  { perms: permissions.READ, id: { scheme: 'world', id: 'anyone' } },
] as const;

/** What a create's flags say. */
export interface CreateMode {
  readonly isEphemeral: boolean;
  readonly isSequential: boolean;
  readonly isContainer: boolean;
  readonly hasTtl: boolean;
}

/** The flags of a create by what they make. */
export const createFlags = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentTtl: 5,
  persistentSequentialTtl: 6,
} as const;

const modes: readonly CreateMode[] = [
  mode(),
  mode('isEphemeral'),
  mode('isSequential'),
  mode('isEphemeral', 'isSequential'),
  mode('isContainer'),
  mode('hasTtl'),
  mode('isSequential', 'hasTtl'),
];

/** @returns what the flags of a create mean, or undefined when they mean nothing */
export function createModeOf(flags: number): CreateMode | undefined {
  return modes[flags];
}

/** @returns the flags that mean this, or undefined when there are none */
export function flagsOf(wanted: CreateMode): number | undefined {
  const flags = modes.findIndex(
    (known) =>
      known.isEphemeral === wanted.isEphemeral &&
      known.isSequential === wanted.isSequential &&
      known.isContainer === wanted.isContainer &&
      known.hasTtl === wanted.hasTtl,
  );
  return flags === -1 ? undefined : flags;
}

function mode(...claims: readonly (keyof CreateMode)[]): CreateMode {
  return {
    isEphemeral: claims.includes('isEphemeral'),
    isSequential: claims.includes('isSequential'),
    isContainer: claims.includes('isContainer'),
    hasTtl: claims.includes('hasTtl'),
  };
}

/** Commands of four letters that are recognised as the first bytes of a connection. */
export const fourLetterWords = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'gtmk',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'stmk',
  'wchc',
  'wchp',
  'wchs',
] as const;

/** A command of four letters. */
export type FourLetterWord = (typeof fourLetterWords)[number];

/** @returns the command whose letters are the first four of `bytes`, or undefined: then they are a length */
export function fourLetterWordOf(bytes: Uint8Array, start = 0): FourLetterWord | undefined {
  if (bytes.length - start < 4) return undefined;
  return fourLetterWords.find((word) => {
    for (let index = 0; index < 4; index++) {
      if (bytes[start + index] !== word.charCodeAt(index)) return false;
    }
    return true;
  });
}
