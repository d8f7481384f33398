import { type Handler } from './handlers/handler.ts';
import { type PendingRequest } from './connections.ts';
import { type MetadataImage } from './metadata.ts';
import { type BatchVerdict, type BrokerConfig } from './types.ts';

/** The topic that holds committed offsets and groups. */
export const offsetsTopic = '__consumer_offsets';

/** What a read of a partition of `__consumer_offsets` gave. */
export interface OffsetsRead {
  /** Kafka's error code, 0 for none. */
  readonly errorCode: number;
  /** Whole batches, as views. */
  readonly chunks: readonly Uint8Array[];
  /** Where the log starts: reading begins there. */
  readonly logStartOffset: number;
  /** Where the log ended when this broker began to lead: reading ends there. */
  readonly logEndOffset: number;
}

/**
 * What the broker does for its group coordinator. Nothing here is a promise before its callback came; callbacks come
 * inside a later step, or inside the call itself when there is nothing to wait for.
 */
export interface GroupCoordinatorPort {
  readonly config: BrokerConfig;
  readonly image: MetadataImage;
  /** Monotonic time of this step. */
  readonly nowMs: number;
  /** Wall time as the last input told it. */
  readonly wallMs: number;
  /** @returns an integer from 0 to 2^32 - 1, from the broker's seed */
  random(): number;
  /** Answers a request: once. */
  answer(request: PendingRequest, body: object): void;
  /**
   * Appends one batch to a partition that this broker leads, committed before `onDone`.
   *
   * @param batch records with base offset 0: they belong to the log from now on
   * @param onDone Kafka's error code: 0 when all in-sync replicas have it
   */
  append(
    partition: number,
    batch: { readonly records: Uint8Array; readonly verdict: BatchVerdict },
    onDone: (errorCode: number) => void,
  ): void;
  /**
   * Reads whole batches of a partition that this broker leads, from `offset` on, up to where its log ended when this
   * broker began to lead. A read at that end gives nothing, once all before it is committed.
   */
  read(
    partition: number,
    from: { readonly offset: number; readonly maxBytes: number },
    onDone: (read: OffsetsRead) => void,
  ): void;
  /** One timer a name, in the broker's own queue: set again, it is replaced. `onGroupTimer` tells when it is due. */
  setTimer(name: string, delayMs: number): void;
  cancelTimer(name: string): void;
  /** Has `__consumer_offsets` created, by the controller, unless it is there: known when the image has it. */
  createOffsetsTopic(): void;
  trace(event: string, facts: Readonly<Record<string, unknown>>): void;
}

/** The group coordinator as the broker sees it. */
export interface GroupCoordinator {
  /** For the keys of the groups: added to the broker's table. */
  readonly handlers: readonly Handler[];
  /** This broker leads a partition of `__consumer_offsets` from now on: what is in it has to be loaded first. */
  onLeadershipGained(partition: number, leaderEpoch: number): void;
  /** Another broker leads it, or nobody: what was loaded is void. */
  onLeadershipLost(partition: number): void;
  onGroupTimer(name: string): void;
}

/** Makes the group coordinator of a broker. */
export type GroupCoordinatorFactory = (port: GroupCoordinatorPort) => GroupCoordinator;
