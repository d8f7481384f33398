import { type TraceEffect } from '@zookafka/base';
import { type RecoveredLog } from '@zookafka/partition-log';

/** A partition's name and the topic that it belongs to: a topic of the same name may be another one. */
export interface PartitionKey {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** A log that the shell found and opened at the start. */
export interface StoredLog extends PartitionKey {
  readonly log: RecoveredLog;
  /** From the checkpoint; 0 where it names none. */
  readonly highWatermark: number;
}

/** What native code found out about the records of one partition of a Produce request. */
export type BatchVerdict =
  | {
      readonly kind: 'valid';
      /** The whole batch: exactly one, of format 2, its checksum checked. */
      readonly bytes: number;
      readonly lastOffsetDelta: number;
      /** -1 when not idempotent. */
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly baseSequence: number;
      readonly isTransactional: boolean;
      readonly maxTimestamp: number;
    }
  /** Kafka's error code and a sentence for the client. */
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

/** A request of a client or of another broker, decoded. */
export interface RequestInput {
  readonly kind: 'request';
  /** The shell's number of the connection: never used twice. */
  readonly connection: number;
  readonly correlationId: number;
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** As text, for the groups' members. */
  readonly clientHost: string;
  /** What kafka-wire decoded for this key and version; null when the version is not served. */
  readonly body: object | null;
  /** Wall time. */
  readonly wallMs: number;
  /** Produce only: one for each partition, in the order of the body. */
  readonly verdicts?: readonly BatchVerdict[] | undefined;
}

/** One slice of a log, found by the shell: views, not copies. */
export interface LogSlice {
  /** Whole batches, possibly none. */
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** Kafka's error code, 0 for none: the log is read after it was told what changed, so others are rare. */
  readonly errorCode: number;
}

/** What a search by time found: `offset` -1 where there is nothing. */
export interface TimestampFound {
  readonly offset: number;
  readonly timestamp: number;
}

/** What happens to a broker. */
export type BrokerInput =
  /** First of all, when all logs are open. */
  | { readonly kind: 'start'; readonly logs: readonly StoredLog[]; readonly wallMs: number }
  /** A controlled shutdown: ends with `stopped`. */
  | { readonly kind: 'stop' }
  | RequestInput
  | { readonly kind: 'connectionClosed'; readonly connection: number }
  /** This append is in its log, and so is every one that was asked for before it: once a turn is enough. */
  | { readonly kind: 'appended'; readonly token: number }
  /** The slices of a `readLog`, in its order. */
  | { readonly kind: 'logRead'; readonly token: number; readonly slices: readonly LogSlice[] }
  | {
      readonly kind: 'timestampsFound';
      readonly token: number;
      readonly found: readonly TimestampFound[];
    }
  /** What a log is after it was created or truncated, in order with the appends. */
  | { readonly kind: 'logChanged'; readonly token: number; readonly log: RecoveredLog }
  /** Retention moved the start of a log. */
  | ({ readonly kind: 'logStartMoved'; readonly logStartOffset: number } & PartitionKey)
  /** An answer of another broker. `corrupt`: which partitions' records failed their checksum, as body indexes. */
  | {
      readonly kind: 'peerResponse';
      readonly broker: number;
      readonly correlationId: number;
      readonly body: object;
      readonly wallMs: number;
      readonly corrupt: readonly { readonly topic: number; readonly partition: number }[];
    }
  /** The connection is gone or could not be made: what was sent there gets no answer. */
  | { readonly kind: 'peerClosed'; readonly broker: number; readonly reason: string }
  | { readonly kind: 'timer'; readonly timer: string; readonly wallMs: number }
  /** Something of the control plane's own connection. */
  | { readonly kind: 'transport'; readonly input: object };

/** One read of one partition. */
export interface LogReadWanted extends PartitionKey {
  readonly offset: number;
  /** At most so many bytes of this partition. */
  readonly maxBytes: number;
  /** Batches that reach this offset are not given. */
  readonly upToOffset: number;
}

/** What a broker wants done, in order. */
export type BrokerEffect =
  /** The body is for kafka-wire to encode; records in it are lists of chunks. */
  | {
      readonly kind: 'respond';
      readonly connection: number;
      readonly correlationId: number;
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly body: object;
    }
  /** A request that gets no answer is done with: Produce with acks 0. */
  | { readonly kind: 'noResponse'; readonly connection: number; readonly correlationId: number }
  | { readonly kind: 'closeConnection'; readonly connection: number; readonly reason: string }
  /**
   * Append, answered by `appended`. A leader's chunks get offsets from `firstOffset` on and the epoch, in place
   * (`assignOffsets`); a follower's have theirs: `leaderEpoch` is -1.
   */
  | ({
      readonly kind: 'appendLog';
      readonly token: number;
      readonly chunks: readonly Uint8Array[];
      readonly firstOffset: number;
      readonly leaderEpoch: number;
    } & PartitionKey)
  /**
   * Read slices, answered by one `logRead`: `maxBytes` in all; the first slice that has anything gives at least one
   * batch however big, the others only what fits. `gatherSlices` of this package does that sum.
   */
  | {
      readonly kind: 'readLog';
      readonly token: number;
      readonly maxBytes: number;
      readonly reads: readonly LogReadWanted[];
    }
  /** For each, the first record at or after a time, or with `timestamp` -3 the one with the greatest. */
  | {
      readonly kind: 'findTimestamps';
      readonly token: number;
      readonly searches: readonly (PartitionKey & { readonly timestamp: number })[];
    }
  /** Answered by `logChanged`. What there is of the same name and another topic id is set aside as `-stray`. */
  | ({
      readonly kind: 'createLog';
      readonly token: number;
      readonly config: Readonly<Record<string, string>>;
    } & PartitionKey)
  | ({
      readonly kind: 'configureLog';
      readonly config: Readonly<Record<string, string>>;
    } & PartitionKey)
  /** Removes what is at `offset` or after it; answered by `logChanged`. */
  | ({
      readonly kind: 'truncateLog';
      readonly token: number;
      readonly offset: number;
    } & PartitionKey)
  /** Removes everything and starts anew at `offset`; answered by `logChanged`. */
  | ({
      readonly kind: 'restartLog';
      readonly token: number;
      readonly offset: number;
    } & PartitionKey)
  /** The leader's log starts here now: what is before may go. */
  | ({ readonly kind: 'advanceLogStart'; readonly offset: number } & PartitionKey)
  /** The topic was deleted on purpose. */
  | ({ readonly kind: 'deleteLog' } & PartitionKey)
  /** Nobody knows this topic: kept under another name. */
  | ({ readonly kind: 'markStray' } & PartitionKey)
  /** This replica leads from here on: for the log's file of leader epochs. */
  | ({
      readonly kind: 'assignEpoch';
      readonly epoch: number;
      readonly startOffset: number;
    } & PartitionKey)
  /** Only those that moved since the last time: the shell's file has all. */
  | {
      readonly kind: 'checkpointHighWatermarks';
      readonly moved: readonly (PartitionKey & { readonly highWatermark: number })[];
    }
  /** Connects where there is no connection to that address yet; answered by `peerResponse` or `peerClosed`. */
  | {
      readonly kind: 'sendPeer';
      readonly broker: number;
      readonly host: string;
      readonly port: number;
      readonly correlationId: number;
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly body: object;
    }
  /** Cuts the connection; no `peerClosed` follows. */
  | { readonly kind: 'closePeer'; readonly broker: number }
  /** One timer a name: set again, it is replaced. */
  | { readonly kind: 'setTimer'; readonly timer: string; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: string }
  | { readonly kind: 'transport'; readonly effect: object }
  /** Registered, and the whole metadata read: requests are answered from now on. */
  | { readonly kind: 'ready'; readonly brokerEpoch: number }
  /** This broker cannot go on: the shell stops the process, saying why. */
  | { readonly kind: 'fatal'; readonly reason: string }
  /** A controlled shutdown is over: logs may be closed. */
  | { readonly kind: 'stopped' }
  | TraceEffect;

/** The settings of a broker: Kafka's keys, each with its default in `brokerConfigDefaults`. */
export interface BrokerConfig {
  readonly brokerId: number;
  /** What clients are told: `advertised.listeners`. */
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly autoCreateTopics: boolean;
  readonly deleteTopics: boolean;
  readonly messageMaxBytes: number;
  readonly fetchMaxBytes: number;
  readonly replicaLagTimeMaxMs: number;
  readonly replicaFetchMaxBytes: number;
  readonly replicaFetchResponseMaxBytes: number;
  readonly replicaFetchWaitMaxMs: number;
  readonly replicaFetchMinBytes: number;
  readonly replicaFetchBackoffMs: number;
  readonly replicaSocketTimeoutMs: number;
  readonly highWatermarkCheckpointMs: number;
  readonly fetchSessionsMax: number;
  readonly producerIdExpirationMs: number;
  readonly producerIdBlockRetryMs: number;
  readonly offsetsTopicPartitions: number;
  readonly offsetsTopicReplicationFactor: number;
  readonly offsetMetadataMaxBytes: number;
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckMs: number;
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMaxSize: number;
  /** Requests of one connection that are not answered yet; the shell reads no further meanwhile. */
  readonly requestsInFlightMax: number;
  /** Requests that wait for something, over all connections: beyond it they are refused. */
  readonly requestsParkedMax: number;
  /** For DescribeConfigs: settings by Kafka's keys, as the file gave them. */
  readonly given: Readonly<Record<string, string>>;
}

/** Kafka's defaults. Source: the documentation of Apache Kafka 3.9's broker settings. */
export const brokerConfigDefaults: Omit<BrokerConfig, 'brokerId' | 'host' | 'port'> = {
  rack: null,
  numPartitions: 1,
  defaultReplicationFactor: 1,
  minInsyncReplicas: 1,
  autoCreateTopics: true,
  deleteTopics: true,
  messageMaxBytes: 1_048_588,
  fetchMaxBytes: 57_671_680,
  replicaLagTimeMaxMs: 30_000,
  replicaFetchMaxBytes: 1_048_576,
  replicaFetchResponseMaxBytes: 10_485_760,
  replicaFetchWaitMaxMs: 500,
  replicaFetchMinBytes: 1,
  replicaFetchBackoffMs: 1000,
  replicaSocketTimeoutMs: 30_000,
  highWatermarkCheckpointMs: 5000,
  fetchSessionsMax: 1000,
  producerIdExpirationMs: 86_400_000,
  producerIdBlockRetryMs: 1000,
  offsetsTopicPartitions: 50,
  offsetsTopicReplicationFactor: 3,
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 604_800_000,
  offsetsRetentionCheckMs: 600_000,
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 3000,
  groupMaxSize: 2_147_483_647,
  requestsInFlightMax: 100,
  requestsParkedMax: 100_000,
  given: {},
};
