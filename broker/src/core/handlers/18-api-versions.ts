import { type RequestOf, errorCodes } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type Handler } from './handler.ts';
import { type Router } from './router.ts';

const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** ApiVersions: what this broker speaks. */
export class ApiVersionsHandler implements Handler {
  readonly api = 'apiVersions';
  private readonly connections: Connections;
  private readonly router: Router;

  constructor(connections: Connections, router: Router) {
    this.connections = connections;
    this.router = router;
  }

  handle(request: PendingRequest): void {
    const { apiVersion, body } = request.input;
    const { clientSoftwareName, clientSoftwareVersion } = body as RequestOf<'apiVersions'>;
    const isNamed =
      apiVersion < 3 ||
      (softwareName.test(clientSoftwareName) && softwareName.test(clientSoftwareVersion));
    const code = isNamed ? errorCodes.NONE : errorCodes.INVALID_REQUEST;
    this.connections.answer(request, this.router.versionsAnswer(code));
  }
}
