import { type BrokerConfig } from '../types.ts';

/** What the group coordinator is told, and its own bounds. */
export interface GroupSettings {
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  readonly initialRebalanceDelayMs: number;
  readonly groupSizeMax: number;
  /** In characters. */
  readonly offsetMetadataLengthMax: number;
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckMs: number;
}

/** A newcomer that waits longer asks again: nobody can see whether its connection is still there. */
export const newMemberJoinMsMax = 300_000;
/** One step of loading reads so many bytes, or one batch. */
export const loadBytesMax = 262_144;
/** After a read that failed. */
export const loadRetryMs = 1000;
/** Groups of one partition of `__consumer_offsets`. */
export const groupsPerPartitionMax = 100_000;
/** Member ids of one group that were given out and not used yet. */
export const pendingMembersMax = 10_000;
/** Records of one batch of removals. */
export const tombstonesPerBatchMax = 1000;
/** What a text may take in a record, in bytes. */
export const textBytesMax = 32_767;
/** A client's id is part of its member id, up to so many characters. */
export const clientIdLengthMax = 255;

const utf8BytesPerUnitMax = 3;

/** @returns the settings of the groups of a broker */
export function groupSettingsOf(config: BrokerConfig): GroupSettings {
  const metadataLengthMax = Math.floor(textBytesMax / utf8BytesPerUnitMax);
  return {
    sessionTimeoutMsMin: config.groupMinSessionTimeoutMs,
    sessionTimeoutMsMax: config.groupMaxSessionTimeoutMs,
    initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
    groupSizeMax: config.groupMaxSize,
    offsetMetadataLengthMax: Math.min(config.offsetMetadataMaxBytes, metadataLengthMax),
    offsetsRetentionMs: config.offsetsRetentionMs,
    offsetsRetentionCheckMs: config.offsetsRetentionCheckMs,
  };
}
