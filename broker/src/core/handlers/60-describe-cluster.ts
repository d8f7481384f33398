import { type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type MetadataImage } from '../metadata.ts';
import { type Handler } from './handler.ts';

/** DescribeCluster: the brokers and the controller. */
export class DescribeClusterHandler implements Handler {
  readonly api = 'describeCluster';
  private readonly connections: Connections;
  private readonly image: MetadataImage;

  constructor(connections: Connections, image: MetadataImage) {
    this.connections = connections;
    this.image = image;
  }

  handle(request: PendingRequest): void {
    const { endpointType } = request.input.body as RequestOf<'describeCluster'>;
    const { clusterId, controllerId, brokers } = this.image;
    this.connections.answer(request, {
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      endpointType,
      clusterId,
      controllerId: controllerId ?? -1,
      brokers: [...brokers.values()].map(({ id, host, port, rack }) => ({
        brokerId: id,
        host,
        port,
        rack,
      })),
    });
  }
}
