import { type TopicView } from '../topicView.ts';

const columns = ['partition', 'leader', 'replicas', 'in sync', 'high watermark'];

/** A topic as a small table. */
export async function picture(view: TopicView, topic: string): Promise<string> {
  const partitions = await view.partitions(topic);
  const rows = partitions.map(async (one) => [
    `P${one.partition}`,
    one.leader < 0 ? 'none' : `broker ${one.leader}`,
    one.replicas.join(', '),
    one.isr.join(', '),
    String((await view.highWatermark(topic, one)) ?? '-'),
  ]);
  return tableText([columns, ...(await Promise.all(rows))]);
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => cell.padEnd((widths[at] as number) + 3)).join('');
  return rows.map((row) => `   ${line(row)}`.trimEnd()).join('\n');
}
