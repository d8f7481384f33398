import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../../connections.ts';
import { type GroupCoordinatorPort } from '../../groupPort.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type GroupPartitions } from '../groupPartitions.ts';
import { type OffsetExpiry } from '../offsetExpiry.ts';

/** DeleteGroups: groups without members and their offsets; answered when that is in the log. */
export class DeleteGroupsHandler implements Handler {
  readonly api = 'deleteGroups';
  private readonly port: GroupCoordinatorPort;
  private readonly partitions: GroupPartitions;
  private readonly expiry: OffsetExpiry;

  constructor(port: GroupCoordinatorPort, partitions: GroupPartitions, expiry: OffsetExpiry) {
    this.port = port;
    this.partitions = partitions;
    this.expiry = expiry;
  }

  handle(request: PendingRequest): void {
    const { groupsNames } = request.input.body as RequestOf<'deleteGroups'>;
    const names = [...new Set(groupsNames)];
    const results = names.map((groupId) => ({ groupId, errorCode: 0 }));
    let left = results.length;
    if (left === 0) this.port.answer(request, { throttleTimeMs: 0, results });
    for (const result of results) {
      this.delete(result.groupId, (errorCode) => {
        result.errorCode = errorCode;
        if (--left === 0) this.port.answer(request, { throttleTimeMs: 0, results });
      });
    }
  }

  private delete(groupId: string, onDone: (errorCode: number) => void): void {
    const located = this.partitions.locate(groupId, true);
    if (located.kind === 'refused') {
      onDone(located.errorCode);
      return;
    }
    const group = located.led.groups.get(groupId);
    if (group === undefined || group.state === 'Dead') onDone(errorCodes.GROUP_ID_NOT_FOUND);
    else if (group.state !== 'Empty') onDone(errorCodes.NON_EMPTY_GROUP);
    else this.expiry.delete(group, onDone);
  }
}
