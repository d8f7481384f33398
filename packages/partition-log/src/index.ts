export { checkChunk, type LogEnd } from './appendOrder.ts';
export {
  assignOffsets,
  attribute,
  batch,
  batchFault,
  batchHeaderBytes,
  batchHeaderFault,
  type BatchSpan,
  type Checksum,
  wholeBatchBytes,
} from './batchHeader.ts';
export { FilePool } from './filePool.ts';
export {
  batchesRememberedMax,
  judgeSequence,
  type ProducerBatch,
  type ProducerHistory,
  sequenceAfter,
  sequenceBefore,
  type SequenceClaim,
  type SequenceVerdict,
} from './judgeSequence.ts';
export { type EpochEnd, type EpochEntry, LeaderEpochCache } from './leaderEpochCache.ts';
export { decodeEpochs, encodeEpochs, leaderEpochFileName } from './leaderEpochFile.ts';
export {
  LogDirectory,
  type LoadedPartition,
  type LogDirectoryOptions,
  type Retirement,
} from './logDirectory.ts';
export { LogError, type LogRefusal } from './logError.ts';
export {
  type LogFolder,
  offsetFileName,
  parseFolder,
  type PartitionId,
  partitionName,
  retiredName,
} from './logNames.ts';
export {
  cleanShutdownFileName,
  decodeIdentity,
  decodeTopicId,
  type DirectoryIdentity,
  encodeIdentity,
  encodeTopicId,
  identityFileName,
  readIdentity,
  topicIdFileName,
} from './metaFiles.ts';
export {
  checkpointFiles,
  decodeOffsets,
  encodeOffsets,
  type OffsetsByPartition,
} from './offsetCheckpoint.ts';
export { type LogOpening } from './logOpening.ts';
export { openPartitionLog } from './openPartitionLog.ts';
export { type FlushPlan, type LogCut, PartitionLog, type RecoveredLog } from './partitionLog.ts';
export { decodeProducers, encodeProducers } from './producerSnapshot.ts';
export { type ProducerAppend, type ProducerEntry, ProducerState } from './producerState.ts';
export { type LogRead, type ReadRequest } from './readBatches.ts';
export { firstRecordSince, type RecordTime } from './recordTimes.ts';
export { type RetentionLimits } from './retention.ts';
export { type LogConfig, logConfigDefault, type LogResources } from './segment.ts';
export { type TimeEntry } from './segmentIndex.ts';
export { TailCache } from './tailCache.ts';
export { type TimestampHit } from './timeSearch.ts';
