import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type TopicCreated, type TopicWanted } from '../controlPlane.ts';
import { type TopicsDesk } from '../topicsDesk.ts';
import { type Handler } from './handler.ts';

type Asked = RequestOf<'createTopics'>['topics'][number];

/** CreateTopics: the controller's; answered when every partition has a leader in its metadata. */
export class CreateTopicsHandler implements Handler {
  readonly api = 'createTopics';
  private readonly connections: Connections;
  private readonly desk: TopicsDesk;
  private readonly isController: () => boolean;

  constructor(connections: Connections, desk: TopicsDesk, isController: () => boolean) {
    this.connections = connections;
    this.desk = desk;
    this.isController = isController;
  }

  handle(request: PendingRequest): void {
    const { topics, timeoutMs, validateOnly } = request.input.body as RequestOf<'createTopics'>;
    if (!this.isController()) {
      this.answer(
        request,
        topics.map((topic) => refused(topic, errorCodes.NOT_CONTROLLER, null)),
      );
      return;
    }
    const refusals: TopicCreated[] = [];
    const wanted: TopicWanted[] = [];
    for (const topic of topics) {
      const isTwice = topics.filter(({ name }) => name === topic.name).length > 1;
      const found = isTwice ? twice(topic) : wantedOf(topic);
      if (!('errorCode' in found)) wanted.push(found);
      else if (!refusals.some(({ name }) => name === found.name)) refusals.push(found);
    }
    if (wanted.length === 0) {
      this.answer(request, refusals);
      return;
    }
    this.desk.create(wanted, { validateOnly, timeoutMs }, (results) => {
      this.answer(request, [...results, ...refusals]);
    });
  }

  private answer(request: PendingRequest, results: readonly TopicCreated[]): void {
    const topics = results.map((result) => ({
      name: result.name,
      ...(result.topicId === '' ? {} : { topicId: result.topicId }),
      errorCode: result.errorCode,
      errorMessage: result.errorMessage,
      numPartitions: result.partitions,
      replicationFactor: result.replicationFactor,
      configs: result.errorCode === 0 ? [] : null,
    }));
    this.connections.answer(request, { throttleTimeMs: 0, topics });
  }
}

function wantedOf(topic: Asked): TopicWanted | TopicCreated {
  const configs: Record<string, string> = {};
  for (const { name, value } of topic.configs) {
    if (value === null) {
      return refused(topic, errorCodes.INVALID_CONFIG, `Null value for configuration ${name}`);
    }
    configs[name] = value;
  }
  const { name, numPartitions: partitions, replicationFactor, assignments } = topic;
  if (assignments.length === 0) {
    return { name, partitions, replicationFactor, assignment: undefined, configs };
  }
  if (partitions !== -1 || replicationFactor !== -1) {
    const message = 'Both a number of partitions or replicas and an assignment were given';
    return refused(topic, errorCodes.INVALID_REQUEST, message);
  }
  const sorted = assignments.toSorted((left, right) => left.partitionIndex - right.partitionIndex);
  if (sorted.some(({ partitionIndex }, index) => partitionIndex !== index)) {
    const message = 'The assigned partitions are not numbered from 0 on';
    return refused(topic, errorCodes.INVALID_REPLICA_ASSIGNMENT, message);
  }
  const assignment = sorted.map(({ brokerIds }) => brokerIds);
  return { name, partitions: -1, replicationFactor: -1, assignment, configs };
}

function twice(topic: Asked): TopicCreated {
  return refused(topic, errorCodes.INVALID_REQUEST, 'The topic is named more than once');
}

function refused({ name }: Asked, errorCode: number, errorMessage: string | null): TopicCreated {
  return { name, topicId: '', errorCode, errorMessage, partitions: -1, replicationFactor: -1 };
}
