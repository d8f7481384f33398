import { assert, ByteReader, ByteWriter, ChunkedMemory } from '@zookafka/base';
import {
  decodeRecord,
  encodeRecord,
  errorCode,
  operationCode,
  readRecord,
  type RecordOf,
  type TxnHeader,
  writeRecord,
} from '@zookafka/zookeeper-wire';

/** The record and the operation of each sort of transaction. */
const sorts = {
  create: { type: operationCode('create'), record: 'CreateTxn' },
  create2: { type: operationCode('create2'), record: 'CreateTxn' },
  delete: { type: operationCode('delete'), record: 'DeleteTxn' },
  setData: { type: operationCode('setData'), record: 'SetDataTxn' },
  setACL: { type: operationCode('setACL'), record: 'SetACLTxn' },
  check: { type: operationCode('check'), record: 'CheckVersionTxn' },
  createSession: { type: operationCode('createSession'), record: 'CreateSessionTxn' },
  closeSession: { type: operationCode('closeSession'), record: 'CloseSessionTxn' },
  error: { type: errorCode, record: 'ErrorTxn' },
} as const;

type SimpleSort = keyof typeof sorts;

/** A transaction that is no multi: what happened, ready to be applied anywhere. */
export type SimpleTxn = {
  [Sort in SimpleSort]: {
    readonly sort: Sort;
    readonly record: RecordOf<(typeof sorts)[Sort]['record']>;
  };
}[SimpleSort];

/** All or nothing; a failed one holds an `error` for each of its operations. */
export interface MultiTxn {
  readonly sort: 'multi';
  readonly txns: readonly SimpleTxn[];
}

/** What the ensemble agrees on. */
export type Txn = SimpleTxn | MultiTxn;

/** A transaction with its head. */
export interface NumberedTxn {
  readonly header: TxnHeader;
  readonly txn: Txn;
}

/** The type of a multi's transaction. */
const multiType = operationCode('multi');

const sortByType = new Map<number, SimpleSort>(
  Object.entries(sorts).map(([sort, { type }]) => [type, sort as SimpleSort]),
);

/** @returns the type that the header of this transaction bears */
export function txnType(txn: Txn): number {
  return txn.sort === 'multi' ? multiType : sorts[txn.sort].type;
}

/** @returns the transaction of a failed request */
export function errorTxn(err: number): SimpleTxn {
  return { sort: 'error', record: { err } };
}

/** @returns header and transaction as they are logged and sent, in memory that nobody changes */
export function encodeTxn({ header, txn }: NumberedTxn): Uint8Array {
  writer.reset();
  writeRecord(writer, 'TxnHeader', header);
  if (txn.sort === 'multi') {
    const txns = txn.txns.map((part) => ({
      type: txnType(part),
      data: encodeRecord(sorts[part.sort].record, part.record as never),
    }));
    writeRecord(writer, 'MultiTxn', { txns });
  } else writeRecord(writer, sorts[txn.sort].record, txn.record as never);
  return memory.copy(writer.view());
}

/** Reads what `encodeTxn` wrote; buffers are views. @throws {JuteError} when it is none */
export function decodeTxn(bytes: Uint8Array): NumberedTxn {
  const reader = new ByteReader(bytes);
  const header = readRecord(reader, 'TxnHeader');
  if (header.type !== multiType) {
    const sort = sortOf(header.type);
    return { header, txn: { sort, record: readRecord(reader, sorts[sort].record) } as SimpleTxn };
  }
  const txns = readRecord(reader, 'MultiTxn').txns.map(({ type, data }) => {
    const sort = sortOf(type);
    return { sort, record: decodeRecord(data, sorts[sort].record) } as SimpleTxn;
  });
  return { header, txn: { sort: 'multi', txns } };
}

/** One scratch array for all transactions: what leaves is a copy of exactly its size. */
const writer = new ByteWriter(4096);
const memory = new ChunkedMemory();

function sortOf(type: number): SimpleSort {
  const sort = sortByType.get(type);
  assert(sort !== undefined, 'A logged transaction is of a known sort', { type });
  return sort;
}
