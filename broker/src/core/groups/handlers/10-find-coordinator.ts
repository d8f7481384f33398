import { coordinatorPartition, errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../../connections.ts';
import { type GroupCoordinatorPort, offsetsTopic } from '../../groupPort.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type BrokerEndpoint } from '../../metadata.ts';

const keyTypes = { group: 0, transaction: 1 } as const;
/** The first version that asks for several keys. */
const keysFrom = 4;

type Found =
  | { readonly errorCode: 0; readonly broker: BrokerEndpoint }
  | { readonly errorCode: number; readonly broker: undefined; readonly message: string };

/** FindCoordinator: who leads the partition that a group's name falls into. The topic is made when it is missing. */
export class FindCoordinatorHandler implements Handler {
  readonly api = 'findCoordinator';
  private readonly port: GroupCoordinatorPort;

  constructor(port: GroupCoordinatorPort) {
    this.port = port;
  }

  handle(request: PendingRequest): void {
    const { apiVersion } = request.input;
    const { key, keyType, coordinatorKeys } = request.input.body as RequestOf<'findCoordinator'>;
    if (apiVersion < keysFrom) {
      this.port.answer(request, { throttleTimeMs: 0, ...answerOf(this.find(key, keyType)) });
      return;
    }
    const coordinators = coordinatorKeys.map((one) => ({
      key: one,
      ...answerOf(this.find(one, keyType)),
    }));
    this.port.answer(request, { throttleTimeMs: 0, coordinators });
  }

  private find(key: string, keyType: number): Found {
    switch (keyType) {
      case keyTypes.group:
        return this.findGroup(key);
      case keyTypes.transaction:
        return missing(errorCodes.COORDINATOR_NOT_AVAILABLE, 'Transactions are not served');
      default:
        return missing(errorCodes.INVALID_REQUEST, `There are no coordinators of type ${keyType}`);
    }
  }

  private findGroup(key: string): Found {
    const { image } = this.port;
    const count = image.topics.get(offsetsTopic)?.partitions.length ?? 0;
    if (count === 0) {
      this.port.createOffsetsTopic();
      return missing(errorCodes.COORDINATOR_NOT_AVAILABLE, 'The topic of groups is being created');
    }
    const partition = coordinatorPartition(key, count);
    const leader = image.partition(offsetsTopic, partition)?.leader;
    const broker = leader === undefined ? undefined : image.brokers.get(leader);
    if (broker !== undefined) return { errorCode: 0, broker };
    const message = `${offsetsTopic}-${partition} has no leader`;
    return missing(errorCodes.COORDINATOR_NOT_AVAILABLE, message);
  }
}

function missing(errorCode: number, message: string): Found {
  return { errorCode, broker: undefined, message };
}

function answerOf(found: Found): object {
  if (found.broker === undefined) {
    const { errorCode, message: errorMessage } = found;
    return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 };
  }
  const { id: nodeId, host, port } = found.broker;
  return { errorCode: 0, errorMessage: null, nodeId, host, port };
}
