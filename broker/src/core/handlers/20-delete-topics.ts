import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type MetadataImage } from '../metadata.ts';
import { type TopicsDesk } from '../topicsDesk.ts';
import { type Handler } from './handler.ts';

interface Asked {
  readonly name: string | null;
  readonly topicId: string;
  readonly errorCode: number;
}

/** What the handler is made of. */
export interface DeleteTopicsParts {
  readonly connections: Connections;
  readonly image: MetadataImage;
  readonly desk: TopicsDesk;
  readonly isController: () => boolean;
}

/** The first version that may name topics by id. */
const topicIdsFrom = 6;

/** DeleteTopics: the controller's; answered when the metadata has them no more. */
export class DeleteTopicsHandler implements Handler {
  readonly api = 'deleteTopics';
  private readonly parts: DeleteTopicsParts;

  constructor(parts: DeleteTopicsParts) {
    this.parts = parts;
  }

  handle(request: PendingRequest): void {
    const { timeoutMs } = request.input.body as RequestOf<'deleteTopics'>;
    const asked = this.askedOf(request);
    const names = asked.flatMap(({ name, errorCode }) =>
      name !== null && errorCode === 0 ? [name] : [],
    );
    if (names.length === 0) {
      this.answer(
        request,
        asked.map((one) => ({ ...one, errorMessage: null })),
      );
      return;
    }
    this.parts.desk.delete(names, timeoutMs, (results) => {
      const byName = new Map(results.map((result) => [result.name, result]));
      this.answer(
        request,
        asked.map((one) => {
          const result = one.errorCode === 0 ? byName.get(one.name ?? '') : undefined;
          return {
            ...one,
            errorCode: result?.errorCode ?? one.errorCode,
            errorMessage: result?.errorMessage ?? null,
          };
        }),
      );
    });
  }

  private askedOf({ input }: PendingRequest): Asked[] {
    const { topics, topicNames } = input.body as RequestOf<'deleteTopics'>;
    const all =
      input.apiVersion >= topicIdsFrom
        ? topics.map(({ name, topicId }) =>
            name === null ? this.byId(topicId) : this.byName(name),
          )
        : topicNames.map((name) => this.byName(name));
    if (this.parts.isController()) return all;
    return all.map((asked) => ({ ...asked, errorCode: errorCodes.NOT_CONTROLLER }));
  }

  private byName(name: string): Asked {
    const topic = this.parts.image.topics.get(name);
    const errorCode = topic === undefined ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : 0;
    return { name, topicId: topic?.topicId ?? '', errorCode };
  }

  private byId(topicId: string): Asked {
    const topic = this.parts.image.topicById(topicId);
    if (topic !== undefined) return { name: topic.name, topicId, errorCode: 0 };
    return { name: null, topicId, errorCode: errorCodes.UNKNOWN_TOPIC_ID };
  }

  private answer(
    request: PendingRequest,
    answers: readonly (Asked & { readonly errorMessage: string | null })[],
  ): void {
    const responses = answers.map(({ topicId, ...rest }) =>
      topicId === '' ? rest : { ...rest, topicId },
    );
    this.parts.connections.answer(request, { throttleTimeMs: 0, responses });
  }
}
