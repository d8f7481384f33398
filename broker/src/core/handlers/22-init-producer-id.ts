import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type ProducerIds } from '../producerIds.ts';
import { type Handler } from './handler.ts';

/** InitProducerId: an id for an idempotent producer; transactions are not served. */
export class InitProducerIdHandler implements Handler {
  readonly api = 'initProducerId';
  private readonly connections: Connections;
  private readonly producerIds: ProducerIds;

  constructor(connections: Connections, producerIds: ProducerIds) {
    this.connections = connections;
    this.producerIds = producerIds;
  }

  handle(request: PendingRequest): void {
    const { transactionalId } = request.input.body as RequestOf<'initProducerId'>;
    if (transactionalId === '') {
      this.answer(request, errorCodes.INVALID_REQUEST);
      return;
    }
    if (transactionalId !== null) {
      this.answer(request, errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      return;
    }
    this.producerIds.take((producerId) => {
      if (producerId === undefined) {
        this.answer(request, errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
      } else {
        const body = { throttleTimeMs: 0, errorCode: 0, producerId, producerEpoch: 0 };
        this.connections.answer(request, body);
      }
    });
  }

  private answer(request: PendingRequest, errorCode: number): void {
    const body = { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
    this.connections.answer(request, body);
  }
}
