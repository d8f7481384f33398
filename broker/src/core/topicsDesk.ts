import { errorCodes } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type TopicCreated, type TopicDeleted, type TopicWanted } from './controlPlane.ts';
import { type Deadlines, type Expirable } from './deadlines.ts';
import { offsetsTopic } from './groupPort.ts';

/** The part of a control plane that makes and removes topics. */
export interface TopicsPort {
  createTopics(token: number, topics: readonly TopicWanted[], validateOnly: boolean): void;
  deleteTopics(token: number, names: readonly string[]): void;
}

type CreatedListener = (results: readonly TopicCreated[]) => void;
type DeletedListener = (results: readonly TopicDeleted[]) => void;

/** A request for topics that waits until this broker's image shows them, or shows them no more. */
interface ImageWait extends Expirable {
  isSatisfied(): boolean;
  end(isInTime: boolean): void;
}

/** A topic asked for by nobody's CreateTopics is not asked for again so soon. */
const autoCreateRetryMs = 1000;
/** Topics that are being created because somebody named them. */
const autoCreateMax = 1000;

/** Creates and deletes topics, and waits until this broker's own metadata tells the outcome. */
export class TopicsDesk {
  private readonly context: BrokerContext;
  private readonly deadlines: Deadlines;
  private readonly port: TopicsPort;
  private readonly creations = new Map<number, CreatedListener>();
  private readonly deletions = new Map<number, DeletedListener>();
  private readonly waits = new Set<ImageWait>();
  /** By name, when it may be tried again. */
  private readonly autoCreated = new Map<string, number>();

  constructor(context: BrokerContext, deadlines: Deadlines, port: TopicsPort) {
    this.context = context;
    this.deadlines = deadlines;
    this.port = port;
  }

  /** Creates topics. @param onDone when each has leaders in the image, or the time is up */
  create(
    topics: readonly TopicWanted[],
    { validateOnly, timeoutMs }: { readonly validateOnly: boolean; readonly timeoutMs: number },
    onDone: CreatedListener,
  ): void {
    const token = this.context.nextToken();
    this.creations.set(token, (results) => {
      const made = results.filter(({ errorCode }) => errorCode === 0);
      if (validateOnly || made.length === 0) {
        onDone(results);
        return;
      }
      this.waitFor(timeoutMs, {
        isSatisfied: () => made.every(({ topicId }) => this.isLed(topicId)),
        end: () => {
          onDone(results.map((result) => this.timedOut(result)));
        },
      });
    });
    this.port.createTopics(token, topics, validateOnly);
  }

  /** Deletes topics. @param onDone when the image has none of them, or the time is up */
  delete(names: readonly string[], timeoutMs: number, onDone: DeletedListener): void {
    const token = this.context.nextToken();
    const idOf = new Map(names.map((name) => [name, this.context.image.topics.get(name)?.topicId]));
    const isGone = (name: string): boolean =>
      this.context.image.topics.get(name)?.topicId !== idOf.get(name) ||
      idOf.get(name) === undefined;
    this.deletions.set(token, (results) => {
      const accepted = results.filter(({ errorCode }) => errorCode === 0);
      this.waitFor(timeoutMs, {
        isSatisfied: () => accepted.every(({ name }) => isGone(name)),
        end: () => {
          onDone(
            results.map((result) =>
              result.errorCode !== 0 || isGone(result.name)
                ? result
                : { ...result, errorCode: errorCodes.REQUEST_TIMED_OUT },
            ),
          );
        },
      });
    });
    this.port.deleteTopics(token, names);
  }

  /** Somebody named a topic that is not there: it is created, unless that was tried just now. */
  autoCreate(name: string): void {
    const { nowMs, config } = this.context;
    if (nowMs < (this.autoCreated.get(name) ?? -Infinity)) return;
    if (this.autoCreated.size >= autoCreateMax) this.autoCreated.clear();
    this.autoCreated.set(name, nowMs + autoCreateRetryMs);
    const isOffsets = name === offsetsTopic;
    const wanted: TopicWanted = {
      name,
      partitions: isOffsets ? config.offsetsTopicPartitions : -1,
      replicationFactor: isOffsets ? config.offsetsTopicReplicationFactor : -1,
      assignment: undefined,
      configs: isOffsets ? offsetsTopicConfigs : {},
    };
    const token = this.context.nextToken();
    this.creations.set(token, (results) => {
      for (const { errorCode, errorMessage } of results) {
        if (errorCode === 0 || errorCode === errorCodes.TOPIC_ALREADY_EXISTS) continue;
        this.context.trace('autoCreateRefused', { topic: name, errorCode, errorMessage });
      }
    });
    this.port.createTopics(token, [wanted], false);
  }

  onCreated(token: number, results: readonly TopicCreated[]): void {
    const listener = this.creations.get(token);
    this.creations.delete(token);
    listener?.(results);
  }

  onDeleted(token: number, results: readonly TopicDeleted[]): void {
    const listener = this.deletions.get(token);
    this.deletions.delete(token);
    listener?.(results);
  }

  /** The image changed. */
  onMetadata(): void {
    for (const wait of [...this.waits]) if (wait.isSatisfied()) this.end(wait, true);
  }

  private waitFor(timeoutMs: number, wait: Pick<ImageWait, 'isSatisfied' | 'end'>): void {
    if (timeoutMs <= 0 || wait.isSatisfied()) {
      wait.end(true);
      return;
    }
    const waiting: ImageWait = {
      ...wait,
      onDeadline: () => {
        this.end(waiting, false);
      },
    };
    this.waits.add(waiting);
    this.deadlines.set(waiting, timeoutMs);
  }

  private end(wait: ImageWait, isInTime: boolean): void {
    this.waits.delete(wait);
    this.deadlines.cancel(wait);
    wait.end(isInTime);
  }

  private isLed(topicId: string): boolean {
    const topic = this.context.image.topicById(topicId);
    if (topic === undefined || topic.partitions.length === 0) return false;
    return topic.partitions.every((state) => state !== undefined && state.leader >= 0);
  }

  private timedOut(result: TopicCreated): TopicCreated {
    if (result.errorCode !== 0 || this.isLed(result.topicId)) return result;
    return { ...result, errorCode: errorCodes.REQUEST_TIMED_OUT };
  }
}

/** Source: Apache Kafka, `GroupCoordinator.groupMetadataTopicConfigs`. */
const offsetsTopicConfigs: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'compression.type': 'producer',
  'segment.bytes': '104857600',
};
