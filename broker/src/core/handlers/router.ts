import { assert } from '@zookafka/base';
import { apiName, apis, type ApiName, isServed, errorCodes } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type Handler } from './handler.ts';

/** What ApiVersions tells of one key. */
export interface ApiRange {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Which handler serves which key: a request for what nobody serves ends its connection, as Kafka does it. */
export class Router {
  private readonly connections: Connections;
  private readonly handlers = new Map<number, Handler>();

  constructor(connections: Connections) {
    this.connections = connections;
  }

  add(handler: Handler): void {
    const { key } = apis[handler.api];
    assert(!this.handlers.has(key), 'A key has one handler', { api: handler.api });
    this.handlers.set(key, handler);
  }

  /** By rising key. */
  get ranges(): readonly ApiRange[] {
    return [...this.handlers.values()]
      .map(rangeOf)
      .sort((left, right) => left.apiKey - right.apiKey);
  }

  route(request: PendingRequest): void {
    const { apiKey, apiVersion, connection, body } = request.input;
    const handler = this.handlers.get(apiKey);
    if (handler !== undefined && body !== null && isServed(handler.api, apiVersion)) {
      handler.handle(request);
      return;
    }
    if (apiKey === apis.apiVersions.key) {
      // A client asks with the version that it prefers: it is told in the first version what there is.
      request.answerVersion = 0;
      this.connections.answer(request, this.versionsAnswer(errorCodes.UNSUPPORTED_VERSION));
      return;
    }
    const name = apiName(apiKey) ?? `key ${apiKey}`;
    this.connections.close(connection, `${name} is not served in version ${apiVersion}`);
  }

  /** The body of an answer to ApiVersions. */
  versionsAnswer(code: number): object {
    return { errorCode: code, apiKeys: this.ranges, throttleTimeMs: 0 };
  }
}

function rangeOf({ api }: Handler): ApiRange {
  const schema: {
    readonly key: number;
    readonly versions: { readonly min: number; readonly max: number };
    readonly advertisedFrom?: number;
  } = apis[api satisfies ApiName];
  return {
    apiKey: schema.key,
    minVersion: schema.advertisedFrom ?? schema.versions.min,
    maxVersion: schema.versions.max,
  };
}
