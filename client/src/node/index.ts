export { decodeAssignment as decodeGroupAssignment } from '../core/index.ts';
export { Admin, type AdminOptions } from './admin.ts';
export { ClientError, parseAddresses } from './clientError.ts';
export { ClientShell, type ClientEvent, type ShellOptions } from './clientShell.ts';
export {
  type ConsumedRecord,
  NodeConsumer,
  type NodeConsumerOptions,
  type Truncation,
} from './consumer.ts';
export {
  type Delivery,
  NodeProducer,
  type NodeProducerOptions,
  type RecordToSend,
} from './producer.ts';
