/**
 * Where things are in the tree. Source: Apache Kafka, `ZkData`; the one addition of ours is `deletedTopicIds`.
 */
export const znodes = {
  brokers: '/brokers',
  brokerIds: '/brokers/ids',
  brokerSequence: '/brokers/seqid',
  topics: '/brokers/topics',
  controller: '/controller',
  controllerEpoch: '/controller_epoch',
  clusterId: '/cluster/id',
  config: '/config',
  topicConfigs: '/config/topics',
  configChanges: '/config/changes',
  admin: '/admin',
  deleteTopics: '/admin/delete_topics',
  /**
   * One child a topic id that was deleted on purpose, so that a broker which was down then still learns it: brokers
   * delete files for what stands here and for nothing else. Kafka's own brokers do not look here.
   */
  deletedTopicIds: '/admin/deleted_topic_ids',
  producerIdBlock: '/latest_producer_id_block',
  isrChanges: '/isr_change_notification',
  logDirEvents: '/log_dir_event_notification',
} as const;

/** What every broker creates at its start when it is absent, parents before children. */
export const lastingZnodes: readonly string[] = [
  '/consumers',
  znodes.brokers,
  znodes.brokerIds,
  znodes.topics,
  znodes.config,
  znodes.configChanges,
  znodes.admin,
  znodes.deleteTopics,
  znodes.deletedTopicIds,
  znodes.brokerSequence,
  znodes.isrChanges,
  znodes.producerIdBlock,
  znodes.logDirEvents,
  znodes.topicConfigs,
  '/config/clients',
  '/config/users',
  '/config/brokers',
  '/config/ips',
  '/cluster',
];

/** @returns the registration of a broker */
export function brokerPath(broker: number): string {
  return `${znodes.brokerIds}/${broker}`;
}

/** @returns the topic's assignment */
export function topicPath(topic: string): string {
  return `${znodes.topics}/${topic}`;
}

/** @returns the parent of the topic's partitions */
export function partitionsPath(topic: string): string {
  return `${topicPath(topic)}/partitions`;
}

/** @returns the parent of the partition's state */
export function partitionPath(topic: string, partition: number): string {
  return `${partitionsPath(topic)}/${partition}`;
}

/** @returns who leads the partition and who is in sync; this znode's version is the partition epoch */
export function statePath(topic: string, partition: number): string {
  return `${partitionPath(topic, partition)}/state`;
}

/** @returns the topic's settings */
export function topicConfigPath(topic: string): string {
  return `${znodes.topicConfigs}/${topic}`;
}

/** @returns the request to delete a topic */
export function deleteTopicPath(topic: string): string {
  return `${znodes.deleteTopics}/${topic}`;
}

/** @returns the mark that a topic id was deleted on purpose */
export function deletedTopicIdPath(topicId: string): string {
  return `${znodes.deletedTopicIds}/${topicId}`;
}

/** What a path of the tree is about. */
export type ZnodePlace =
  | { readonly kind: 'brokers' | 'topics' | 'topicConfigs' | 'deleteTopics' | 'deletedTopicIds' }
  | { readonly kind: 'controller' }
  | { readonly kind: 'broker'; readonly broker: number }
  | { readonly kind: 'topic' | 'topicConfig' | 'deleteTopic'; readonly topic: string }
  | { readonly kind: 'deletedTopicId'; readonly topicId: string }
  | { readonly kind: 'state'; readonly topic: string; readonly partition: number };

const parents: ReadonlyMap<string, ZnodePlace> = new Map<string, ZnodePlace>([
  [znodes.brokerIds, { kind: 'brokers' }],
  [znodes.topics, { kind: 'topics' }],
  [znodes.topicConfigs, { kind: 'topicConfigs' }],
  [znodes.deleteTopics, { kind: 'deleteTopics' }],
  [znodes.deletedTopicIds, { kind: 'deletedTopicIds' }],
  [znodes.controller, { kind: 'controller' }],
]);

/** @returns what this path is about, or undefined when no broker cares */
export function znodePlaceOf(path: string): ZnodePlace | undefined {
  const parent = parents.get(path);
  if (parent !== undefined) return parent;
  const parts = path.split('/');
  const [, top, group, name] = parts;
  if (name === undefined || name === '') return undefined;
  if (parts.length === 4) return leafPlaceOf(`/${top ?? ''}/${group ?? ''}`, name);
  const isState = parts.length === 7 && parts[4] === 'partitions' && parts[6] === 'state';
  if (!isState || top !== 'brokers' || group !== 'topics') return undefined;
  const partition = indexOf(parts[5]);
  return partition === undefined ? undefined : { kind: 'state', topic: name, partition };
}

/** @returns the number that a child's name stands for, or undefined when it is none */
export function indexOf(name: string | undefined): number | undefined {
  return name !== undefined && /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : undefined;
}

function leafPlaceOf(parent: string, name: string): ZnodePlace | undefined {
  switch (parent) {
    case znodes.brokerIds: {
      const broker = indexOf(name);
      return broker === undefined ? undefined : { kind: 'broker', broker };
    }
    case znodes.topics:
      return { kind: 'topic', topic: name };
    case znodes.topicConfigs:
      return { kind: 'topicConfig', topic: name };
    case znodes.deleteTopics:
      return { kind: 'deleteTopic', topic: name };
    case znodes.deletedTopicIds:
      return { kind: 'deletedTopicId', topicId: name };
    default:
      return undefined;
  }
}

/** @returns whether the children count, not the content */
export function isParent({ kind }: ZnodePlace): boolean {
  return (
    kind === 'brokers' || kind === 'topics' || kind === 'topicConfigs' || kind === 'deletedTopicIds'
  );
}

/** @returns whether the znode is expected where it is absent, and no watched parent would tell that it came */
export function isAwaited(place: ZnodePlace): boolean {
  return place.kind === 'controller' || place.kind === 'state' || isParent(place);
}

/** @returns where a place is */
export function znodePathOf(place: ZnodePlace): string {
  switch (place.kind) {
    case 'broker':
      return brokerPath(place.broker);
    case 'topic':
      return topicPath(place.topic);
    case 'topicConfig':
      return topicConfigPath(place.topic);
    case 'state':
      return statePath(place.topic, place.partition);
    case 'deletedTopicId':
      return deletedTopicIdPath(place.topicId);
    case 'deleteTopic':
      return deleteTopicPath(place.topic);
    case 'brokers':
      return znodes.brokerIds;
    default:
      return znodes[place.kind];
  }
}
