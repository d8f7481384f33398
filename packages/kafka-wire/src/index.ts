export {
  advertisedVersions,
  type ApiName,
  apiName,
  apis,
  decodeRecordData,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeRecordData,
  encodeRequestFrame,
  encodeResponseFrame,
  isServed,
  type RequestBody,
  type RequestHead,
  type RequestOf,
  type ResponseBody,
  type ResponseOf,
} from './apis.ts';
export {
  controlTypeOf,
  controlTypes,
  type ControlType,
  coordinatorEpochOf,
  encodeTransactionMarker,
  type TransactionMarker,
} from './controlRecord.ts';
export { errorCodes, type ErrorName, errorName, isRetriableError } from './errors.ts';
export { GatherWriter } from './gatherWriter.ts';
export {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  groupMetadataKey,
  groupMetadataValue,
  offsetCommitKey,
  offsetCommitValue,
} from './messages/records.ts';
export { coordinatorPartition, murmur2, partitionForKey } from './partitioning.ts';
export { portableCodecs } from './portableCodecs.ts';
export {
  type ContentCheck,
  judgeProduce,
  type ProduceCheck,
  type ProduceJudgement,
} from './produceRules.ts';
export {
  assignOffset,
  batchBytesMin,
  type BatchCompression,
  type BatchHead,
  batchHeads,
  batchLayout,
  batchOverheadBytes,
  type Checksum,
  compressionKinds,
  compressionOf,
  isControlBatch,
  isIntact,
  isLogAppendTime,
  isTransactional,
  lastBatchHead,
  readBatchHead,
  stampLogAppendTime,
} from './recordBatch.ts';
export {
  decodeRecords,
  encodeBatch,
  type FetchedRecord,
  type NewBatch,
  type NewRecord,
  type RecordHeader,
} from './recordCodec.ts';
export { type RecordFacts, recordFactsOf } from './recordFacts.ts';
export {
  type Decoded,
  type Encodable,
  type Field,
  type Fields,
  type RecordSchema,
  type VersionRange,
} from './schema.ts';
export { isUuidText, uuidBytes, uuidText, zeroUuid } from './uuidText.ts';
export { WireError, type WireRefusal } from './wireError.ts';
