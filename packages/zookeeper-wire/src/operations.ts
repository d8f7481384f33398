import { type RecordName } from './recordTypes.ts';

interface Operation {
  readonly code: number;
  /** null: the request is its header alone. */
  readonly request: RecordName | null;
  /** null: the reply is its header alone. */
  readonly response: RecordName | null;
}

/**
 * The operations of the protocol but for the two multis, whose bodies are no records.
 *
 * `createSession` and `deleteContainer` only travel between members: see `internalOperations`.
 */
export const operations = {
  create: { code: 1, request: 'CreateRequest', response: 'CreateResponse' },
  delete: { code: 2, request: 'DeleteRequest', response: null },
  exists: { code: 3, request: 'ExistsRequest', response: 'ExistsResponse' },
  getData: { code: 4, request: 'GetDataRequest', response: 'GetDataResponse' },
  setData: { code: 5, request: 'SetDataRequest', response: 'SetDataResponse' },
  getACL: { code: 6, request: 'GetACLRequest', response: 'GetACLResponse' },
  setACL: { code: 7, request: 'SetACLRequest', response: 'SetACLResponse' },
  getChildren: { code: 8, request: 'GetChildrenRequest', response: 'GetChildrenResponse' },
  sync: { code: 9, request: 'SyncRequest', response: 'SyncResponse' },
  ping: { code: 11, request: null, response: null },
  getChildren2: { code: 12, request: 'GetChildren2Request', response: 'GetChildren2Response' },
  check: { code: 13, request: 'CheckVersionRequest', response: null },
  create2: { code: 15, request: 'CreateRequest', response: 'Create2Response' },
  reconfig: { code: 16, request: 'ReconfigRequest', response: 'GetDataResponse' },
  checkWatches: { code: 17, request: 'CheckWatchesRequest', response: null },
  removeWatches: { code: 18, request: 'RemoveWatchesRequest', response: null },
  createContainer: { code: 19, request: 'CreateRequest', response: 'Create2Response' },
  deleteContainer: { code: 20, request: 'DeleteTxn', response: null },
  createTTL: { code: 21, request: 'CreateTTLRequest', response: 'Create2Response' },
  auth: { code: 100, request: 'AuthPacket', response: null },
  setWatches: { code: 101, request: 'SetWatches', response: null },
  sasl: { code: 102, request: 'GetSASLRequest', response: 'SetSASLResponse' },
  getEphemerals: { code: 103, request: 'GetEphemeralsRequest', response: 'GetEphemeralsResponse' },
  getAllChildrenNumber: {
    code: 104,
    request: 'GetAllChildrenNumberRequest',
    response: 'GetAllChildrenNumberResponse',
  },
  setWatches2: { code: 105, request: 'SetWatches2', response: null },
  addWatch: { code: 106, request: 'AddWatchRequest', response: 'ErrorResponse' },
  whoAmI: { code: 107, request: null, response: 'WhoAmIResponse' },
  createSession: { code: -10, request: 'CreateSessionTxn', response: null },
  closeSession: { code: -11, request: null, response: null },
} as const satisfies Readonly<Record<string, Operation>>;

/** An operation whose request is a record, or nothing. */
export type PlainOperationName = keyof typeof operations;
/** An operation of the protocol. */
export type OperationName = PlainOperationName | 'multi' | 'multiRead';

/** Operations that members make themselves: from a client they are unknown. */
export const internalOperations: ReadonlySet<string> = new Set([
  'createSession',
  'deleteContainer',
]);

/** The code in a transaction's header, or in the result of a multi, that says: it failed. */
export const errorCode = -1;

const codes = new Map<OperationName, number>([
  ...Object.entries(operations).map(([name, { code }]): [OperationName, number] => [
    name as OperationName,
    code,
  ]),
  ['multi', 14],
  ['multiRead', 22],
]);
const names = new Map([...codes].map(([name, code]) => [code, name]));

/** @returns the code of an operation */
export function operationCode(name: OperationName): number {
  return codes.get(name) as number;
}

/** @returns the operation with this code, or undefined */
export function operationName(code: number): OperationName | undefined {
  return names.get(code);
}
