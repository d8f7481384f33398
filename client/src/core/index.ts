export { assignRange, type MemberSubscription, type TopicPartition } from './assignor.ts';
export { Client, type ClientConfig } from './client.ts';
export { type FetcherOptions } from './fetcher.ts';
export { type GroupOptions } from './groupMember.ts';
export { type ProducerOptions } from './producer.ts';
export { type ClientRules, clientRules } from './rules.ts';
export type * from './types.ts';
export { decodeAssignment, decodeSubscription } from './wire.ts';
