import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../../connections.ts';
import { type GroupCoordinatorPort } from '../../groupPort.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type GroupPartitions } from '../groupPartitions.ts';

/** The type of all groups here. Source: KIP-848. */
const groupType = 'classic';

/** ListGroups: the groups that this broker coordinates, of the states and types that are asked for. */
export class ListGroupsHandler implements Handler {
  readonly api = 'listGroups';
  private readonly port: GroupCoordinatorPort;
  private readonly partitions: GroupPartitions;

  constructor(port: GroupCoordinatorPort, partitions: GroupPartitions) {
    this.port = port;
    this.partitions = partitions;
  }

  handle(request: PendingRequest): void {
    const { statesFilter, typesFilter } = request.input.body as RequestOf<'listGroups'>;
    const states = lowerCased(statesFilter);
    const types = lowerCased(typesFilter);
    const isWanted = (wanted: ReadonlySet<string>, one: string): boolean =>
      wanted.size === 0 || wanted.has(one.toLowerCase());
    const { led, isLoading } = this.partitions;
    const groups = led
      .flatMap((partition) => [...partition.groups.values()])
      .filter(({ state }) => isWanted(states, state) && isWanted(types, groupType))
      .map(({ id: groupId, protocolType, state: groupState }) => ({
        groupId,
        protocolType,
        groupState,
        groupType,
      }));
    const errorCode = isLoading ? errorCodes.COORDINATOR_LOAD_IN_PROGRESS : 0;
    this.port.answer(request, { throttleTimeMs: 0, errorCode, groups });
  }
}

function lowerCased(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}
