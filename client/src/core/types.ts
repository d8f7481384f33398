import { type TraceEffect } from '@zookafka/base';
import { type ApiName, type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';

/** A broker's address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A partition, as the last Metadata told it. */
export interface PartitionLeader {
  /** -1 when nobody leads. */
  readonly leader: number;
  /** -1 when the broker that told it knows none. */
  readonly leaderEpoch: number;
}

/** What the shell tells a client's machine about its links. */
export type LinkInput =
  | { readonly kind: 'linkOpened'; readonly link: number }
  | { readonly kind: 'linkClosed'; readonly link: number; readonly reason: string }
  /** The answer to the request of this correlation id, decoded. */
  | {
      readonly kind: 'response';
      readonly link: number;
      readonly correlationId: number;
      readonly body: ResponseOf<ApiName>;
    };

/** A record's header. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record on its way to a topic. */
export interface ProducerRecord {
  readonly topic: string;
  /** Chosen by the key, else in turn, when undefined. */
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Wall time. */
  readonly timestampMs: number;
}

/** Why something could not be done: Kafka's error name, or this client's own. */
export interface ClientRefusal {
  readonly code: string;
  readonly message: string;
}

/** Which broker a call of the administrator must reach. */
export type CallTarget =
  | { readonly kind: 'any' }
  | { readonly kind: 'controller' }
  | { readonly kind: 'broker'; readonly id: number }
  | { readonly kind: 'groupCoordinator'; readonly group: string };

/** What a program asks of its client. */
export type ClientCommand =
  | { readonly kind: 'produce'; readonly token: number; readonly record: ProducerRecord }
  /** Send what has gathered without waiting for the linger time. */
  | { readonly kind: 'flush' }
  | {
      readonly kind: 'call';
      readonly token: number;
      readonly target: CallTarget;
      readonly api: ApiName;
      readonly body: RequestBody<ApiName>;
    }
  | { readonly kind: 'subscribe'; readonly topics: readonly string[] }
  | { readonly kind: 'assign'; readonly partitions: readonly AssignedPartition[] }
  | { readonly kind: 'commit'; readonly token: number }
  /** The program is ready for more records. */
  | { readonly kind: 'poll' }
  /** The offset after the last record of a partition that the program has seen. */
  | {
      readonly kind: 'consumed';
      readonly topic: string;
      readonly partition: number;
      readonly offsetNext: number;
      /** Of the leader that appended that record; left out: not known. */
      readonly leaderEpoch?: number;
    }
  | { readonly kind: 'close' };

/** A partition that a consumer reads, and where it begins. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The committed offset, or where there is none the policy's, when undefined. */
  readonly offset: number | undefined;
  /** Of the leader that appended the record before; left out: not known, then nobody can tell whether it is still there. */
  readonly leaderEpoch?: number;
}

/** What happens to a client's machine. */
export type ClientInput = LinkInput | ClientCommand | { readonly kind: 'timer' };

/** What a client's machine wants done. */
export type ClientEffect =
  | {
      readonly kind: 'openLink';
      readonly link: number;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'closeLink'; readonly link: number }
  | {
      readonly kind: 'sendRequest';
      readonly link: number;
      readonly correlationId: number;
      readonly api: ApiName;
      readonly version: number;
      readonly body: RequestBody<ApiName>;
      /** False for a Produce with acks=0: no answer comes. */
      readonly expectsResponse: boolean;
    }
  /** One timer a machine: replaces the one before. */
  | { readonly kind: 'setTimer'; readonly timer: 'wake'; readonly delayMs: number }
  | {
      readonly kind: 'delivered';
      readonly token: number;
      readonly partition: number;
      readonly offset: number;
    }
  /** `isUnknown`: it may have been written or not. */
  | {
      readonly kind: 'notDelivered';
      readonly token: number;
      readonly refusal: ClientRefusal;
      readonly isUnknown: boolean;
    }
  | {
      readonly kind: 'called';
      readonly token: number;
      readonly outcome:
        | { readonly kind: 'answered'; readonly body: ResponseOf<ApiName>; readonly from: number }
        | { readonly kind: 'failed'; readonly refusal: ClientRefusal; readonly isUnknown: boolean };
    }
  /** Whole batches as they were fetched; records below `offset` in the first one are to be passed over. */
  | {
      readonly kind: 'records';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly batches: Uint8Array;
      readonly highWatermark: number;
    }
  /** Records from `endOffset` on that were read are in the leader's log no more; -1: it knows nothing of their epoch. */
  | {
      readonly kind: 'truncated';
      readonly topic: string;
      readonly partition: number;
      readonly offsetNext: number;
      readonly endOffset: number;
    }
  | { readonly kind: 'assigned'; readonly partitions: readonly AssignedPartition[] }
  | {
      readonly kind: 'committed';
      readonly token: number;
      readonly refusal: ClientRefusal | undefined;
    }
  | { readonly kind: 'failed'; readonly refusal: ClientRefusal }
  | { readonly kind: 'closed' }
  | TraceEffect;
