import { type operations, type PlainOperationName } from './operations.ts';
import { type RecordName, type RecordOf } from './recordTypes.ts';

type Flat<Value> = { readonly [Field in keyof Value]: Value[Field] };
type FieldsOf<Name> = Name extends RecordName ? RecordOf<Name> : unknown;
type RequestRecord<Op extends PlainOperationName> = (typeof operations)[Op]['request'];
type ResponseRecord<Op extends PlainOperationName> = (typeof operations)[Op]['response'];

/** Requests by operation: the fields of the request's record, and `op`. */
export type RequestOf<Op extends PlainOperationName> = {
  [Name in Op]: Flat<{ readonly op: Name } & FieldsOf<RequestRecord<Name>>>;
}[Op];

/** Responses by operation: the fields of the response's record, and `op`. */
export type ResponseOf<Op extends PlainOperationName> = {
  [Name in Op]: Flat<{ readonly op: Name } & FieldsOf<ResponseRecord<Name>>>;
}[Op];

/** What a multi may hold. */
export type MultiOperation = RequestOf<
  'create' | 'create2' | 'createContainer' | 'createTTL' | 'delete' | 'setData' | 'check'
>;
/** What a multiRead may hold. */
export type MultiReadOperation = RequestOf<'getData' | 'getChildren'>;

/** All or nothing: one transaction. */
export interface MultiRequest {
  readonly op: 'multi';
  readonly operations: readonly MultiOperation[];
}

/** Several reads in one request. */
export interface MultiReadRequest {
  readonly op: 'multiRead';
  readonly operations: readonly MultiReadOperation[];
}

/** A request of a type that this program does not know: answered with Unimplemented, then the end. */
export interface UnknownRequest {
  readonly op: 'unknown';
  readonly type: number;
}

/** What a client asks. */
export type Request =
  RequestOf<PlainOperationName> | MultiRequest | MultiReadRequest | UnknownRequest;

/** That an operation of a multi failed, or was not reached. */
export interface ErrorResult {
  readonly op: 'error';
  readonly err: number;
}

/** What became of one operation of a multi. Containers and TTL nodes answer as `create2`. */
export type MultiResult =
  ResponseOf<'create' | 'create2' | 'setData' | 'delete' | 'check'> | ErrorResult;
/** What became of one read of a multiRead. */
export type MultiReadResult = ResponseOf<'getData' | 'getChildren'> | ErrorResult;

/** What became of a multi: a failed one holds errors only, that of the culprit among them. */
export interface MultiResponse {
  readonly op: 'multi';
  readonly results: readonly MultiResult[];
}

/** What became of a multiRead. */
export interface MultiReadResponse {
  readonly op: 'multiRead';
  readonly results: readonly MultiReadResult[];
}

/** What a server answers when nothing failed. */
export type Response = ResponseOf<PlainOperationName> | MultiResponse | MultiReadResponse;

/** A reply: `response` is null when `err` is not 0. */
export interface Reply {
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
  readonly response: Response | null;
}
