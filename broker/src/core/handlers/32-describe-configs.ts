import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { brokerDefaults, topicDefaults } from '../configDefaults.ts';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type BrokerContext } from '../context.ts';
import { type Handler } from './handler.ts';

type Resource = RequestOf<'describeConfigs'>['resources'][number];

/** Kafka's numbers of resources and of where a setting comes from. */
const resourceTopic = 2;
const resourceBroker = 4;
const sourceTopic = 1;
const sourceBrokerFile = 4;
const sourceDefault = 5;

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly configSource: number;
  readonly readOnly: boolean;
}

/** DescribeConfigs: settings of topics and of this broker, for reading. */
export class DescribeConfigsHandler implements Handler {
  readonly api = 'describeConfigs';
  private readonly context: BrokerContext;
  private readonly connections: Connections;

  constructor(context: BrokerContext, connections: Connections) {
    this.context = context;
    this.connections = connections;
  }

  handle(request: PendingRequest): void {
    const { resources } = request.input.body as RequestOf<'describeConfigs'>;
    const results = resources.map((resource) => this.describe(resource));
    this.connections.answer(request, { throttleTimeMs: 0, results });
  }

  private describe(resource: Resource): object {
    const { resourceType, resourceName } = resource;
    const answer = (
      errorCode: number,
      errorMessage: string | null,
      settings: readonly Setting[],
    ): object => ({
      errorCode,
      errorMessage,
      resourceType,
      resourceName,
      configs: configsOf(settings, resource.configurationKeys),
    });
    if (resourceType === resourceTopic) {
      const topic = this.context.image.topics.get(resourceName);
      if (topic !== undefined) return answer(0, null, this.topicSettings(topic.config));
      const message = 'This server does not host this topic-partition.';
      return answer(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, message, []);
    }
    const { brokerId } = this.context.config;
    if (resourceType === resourceBroker && resourceName === String(brokerId)) {
      return answer(0, null, this.brokerSettings());
    }
    const message = `Unexpected resource ${resourceType} ${resourceName}: this is broker ${brokerId}`;
    return answer(errorCodes.INVALID_REQUEST, message, []);
  }

  private topicSettings(config: Readonly<Record<string, string>>): Setting[] {
    const defaults = topicDefaults(this.context.config);
    const names = new Set([...Object.keys(defaults), ...Object.keys(config)]);
    return [...names].sort().map((name) => {
      const own = config[name];
      return {
        name,
        value: own ?? (defaults[name] as string),
        configSource: own === undefined ? sourceDefault : sourceTopic,
        readOnly: false,
      };
    });
  }

  private brokerSettings(): Setting[] {
    const { config } = this.context;
    const defaults = brokerDefaults(config);
    const names = new Set([...Object.keys(defaults), ...Object.keys(config.given)]);
    return [...names].sort().map((name) => {
      const own = config.given[name];
      return {
        name,
        value: own ?? (defaults[name] as string),
        configSource: own === undefined ? sourceDefault : sourceBrokerFile,
        readOnly: true,
      };
    });
  }
}

function configsOf(settings: readonly Setting[], keys: readonly string[] | null): object[] {
  return settings
    .filter(({ name }) => keys === null || keys.length === 0 || keys.includes(name))
    .map((setting) => ({
      ...setting,
      isDefault: setting.configSource === sourceDefault,
      isSensitive: false,
      synonyms: [],
      configType: 0,
      documentation: null,
    }));
}
