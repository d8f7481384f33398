import { CodedError } from '@zookafka/base';

/** Why a member's folder cannot be used. */
export interface StoreRefusal {
  readonly code:
    | 'NOT_DURABLE'
    | 'NEWER_FORMAT'
    | 'OLD_SQLITE'
    | 'FOREIGN_DATA'
    | 'FOLDER_IN_USE'
    | 'BAD_SNAPSHOT';
  readonly path: string;
}

/** A folder or file that a member cannot use, named in the message. */
export class StoreError extends CodedError<StoreRefusal> {
  override readonly name = 'StoreError';
}
