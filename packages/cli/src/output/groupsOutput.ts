/** One partition of a group, as `groups --describe` shows it. `undefined` is shown as `-`. */
export interface GroupOffsetRow {
  readonly group: string;
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  readonly currentOffset: number | undefined;
  readonly logEndOffset: number | undefined;
  readonly consumerId: string | undefined;
  readonly host: string | undefined;
  readonly clientId: string | undefined;
}

/** One member of a group, as `groups --describe --members` shows it. */
export interface GroupMemberRow {
  readonly group: string;
  readonly consumerId: string;
  readonly groupInstanceId: string | undefined;
  readonly host: string;
  readonly clientId: string;
  /** The partitions of each topic, in the assignment's order. */
  readonly assignment: readonly (readonly number[])[];
}

/** A group's state, as `groups --describe --state` shows it. */
export interface GroupStateRow {
  readonly group: string;
  readonly coordinator: { readonly address: string; readonly id: number };
  readonly assignmentStrategy: string;
  readonly state: string;
  readonly members: number;
}

const missing = '-';
const columnMin = 15;
const wideColumnMin = 25;

/** @returns how far the group is behind, or undefined where either end is unknown */
export function lagOf({ currentOffset, logEndOffset }: GroupOffsetRow): number | undefined {
  return currentOffset === undefined || logEndOffset === undefined
    ? undefined
    : logEndOffset - currentOffset;
}

/**
 * The layout of `kafka-consumer-groups.sh --describe`: a line break before each row.
 *
 * Source: Apache Kafka 3.9, `ConsumerGroupCommand.ConsumerGroupService.printOffsets`.
 */
export function groupOffsetsText(rows: readonly GroupOffsetRow[]): string {
  const groupWidth = widest(rows.map(({ group }) => group));
  const topicWidth = widest(rows.map(({ topic }) => shown(topic)));
  const consumerWidth = widest(rows.map(({ consumerId }) => shown(consumerId)));
  const hostWidth = widest(rows.map(({ host }) => shown(host)));
  const widths = [groupWidth, topicWidth, 10, 15, 15, 15, consumerWidth, hostWidth];
  const head = ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG'];
  const body = rows.map((row) => [
    row.group,
    shown(row.topic),
    shown(row.partition),
    shown(row.currentOffset),
    shown(row.logEndOffset),
    shown(lagOf(row)),
    shown(row.consumerId),
    shown(row.host),
    shown(row.clientId),
  ]);
  const all = [[...head, 'CONSUMER-ID', 'HOST', 'CLIENT-ID'], ...body];
  return all.map((cells) => `\n${padded(cells, widths)}`).join('') + '\n';
}

/**
 * The layout of `kafka-consumer-groups.sh --describe --members [--verbose]`.
 *
 * Source: Apache Kafka 3.9, `ConsumerGroupCommand.ConsumerGroupService.printMembers`.
 */
export function groupMembersText(rows: readonly GroupMemberRow[], verbose: boolean): string {
  const hasInstanceIds = rows.some(({ groupInstanceId }) => groupInstanceId !== undefined);
  const instance = (cell: string): readonly string[] => (hasInstanceIds ? [cell] : []);
  const head = ['GROUP', 'CONSUMER-ID', ...instance('GROUP-INSTANCE-ID'), 'HOST', 'CLIENT-ID'];
  const body = rows.map((row) => [
    row.group,
    row.consumerId,
    ...instance(shown(row.groupInstanceId)),
    row.host,
    row.clientId,
    String(row.assignment.reduce((count, partitions) => count + partitions.length, 0)),
    ...(verbose ? [assignmentText(row.assignment)] : []),
  ]);
  const all = [[...head, '#PARTITIONS', ...(verbose ? ['ASSIGNMENT'] : [])], ...body];
  const named = head.map((_, column) => widest(all.map((cells) => cells[column] ?? '')));
  const widths = [...named, 15];
  return all
    .map((cells) => {
      const last = verbose ? (cells[cells.length - 1] as string) : '';
      const fixed = verbose ? cells.slice(0, -1) : cells;
      return `\n${fixed.map((cell, column) => `${cell.padEnd(widths[column] as number)} `).join('')}${last}`;
    })
    .join('');
}

/**
 * The layout of `kafka-consumer-groups.sh --describe --state`.
 *
 * Source: Apache Kafka 3.9, `ConsumerGroupCommand.ConsumerGroupService.printStates`.
 */
export function groupStateText({
  group,
  coordinator,
  assignmentStrategy,
  state,
  members,
}: GroupStateRow): string {
  const where = `${coordinator.address}  (${coordinator.id})`;
  // Kafka widens the first column by the second's text.
  const widths = [Math.max(wideColumnMin, where.length), wideColumnMin, 20, 15];
  const rows = [
    ['GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE', '#MEMBERS'],
    [group, where, assignmentStrategy, state, String(members)],
  ];
  return rows.map((cells) => `\n${padded(cells, widths)}`).join('');
}

/**
 * The layout of `kafka-consumer-groups.sh --list --state`.
 *
 * Source: what the tool of Apache Kafka 3.9 prints.
 */
export function groupStatesText(
  rows: readonly { readonly group: string; readonly state: string }[],
): string {
  const width = rows.reduce((most, { group }) => Math.max(most, group.length), wideColumnMin);
  const all = [{ group: 'GROUP', state: 'STATE' }, ...rows];
  return all.map(({ group, state }) => `${group.padEnd(width)} ${state.padEnd(20)}`).join('\n');
}

/** Pads every cell but the last to its column's width. */
function padded(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' ');
}

function shown(value: string | number | undefined): string {
  return value === undefined ? missing : String(value);
}

function widest(cells: readonly string[]): number {
  return cells.reduce((width, { length }) => Math.max(width, length), columnMin);
}

/** Partition lists a topic, without the topics' names: so the tool prints it. */
function assignmentText(assignment: readonly (readonly number[])[]): string {
  if (assignment.length === 0) return missing;
  return assignment.map((partitions) => `(${partitions.join(',')})`).join(', ');
}
