/** Three members as processes: killed, stopped, started again. */
import { temporaryFolder } from '@zookafka/testkit';
import { eventually } from '../../src/eventually.ts';
import { PlainClient } from '../../src/plainClient.ts';
import { Processes } from './processes.ts';

jest.setTimeout(60_000);

const folder = temporaryFolder();
let processes: Processes | undefined;

afterEach(async () => {
  await processes?.endAll();
});

async function three(lines: readonly string[] = []): Promise<Processes> {
  processes = await Processes.start(folder(), 3, lines);
  return processes;
}

/** How the leader brought this member up to date, since that many events. */
async function syncMode(ensemble: Processes, leader: number, id: number): Promise<unknown> {
  const found = await eventually('the leader synchronizes the member', () =>
    ensemble.events(leader).findLast(({ event }) => event === 'synchronizing'),
  );
  expect(found['serverId']).toBe(id);
  return found['mode'];
}

/** Writes on one connection after the other, many at a time, until told to stop. */
class Writer {
  readonly acknowledged = new Set<string>();
  private isOver = false;
  private next = 0;

  async run(ensemble: Processes): Promise<void> {
    while (!this.isOver) {
      for (const { clientPort } of ensemble.members) {
        const client = await PlainClient.open(clientPort).catch(() => undefined);
        if (client !== undefined) await this.write(client);
      }
    }
  }

  stop(): void {
    this.isOver = true;
  }

  private async write(client: PlainClient): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!this.isOver) {
        const name = `n${this.next++}`;
        const code = await client.create(`/load/${name}`, name);
        if (code === 0) this.acknowledged.add(name);
      }
    };
    await Promise.all(Array.from({ length: 32 }, lane)).catch(() => undefined);
    client.close();
  }
}

async function expectOnAll(ensemble: Processes, names: ReadonlySet<string>): Promise<void> {
  for (const { clientPort } of ensemble.members) {
    const client = await PlainClient.open(clientPort);
    await client.sync();
    const children = new Set(await client.children('/load'));
    expect([...names].filter((name) => !children.has(name))).toEqual([]);
    client.close();
  }
}

describe('three members', () => {
  it('lose nothing that was acknowledged when the leader is killed under load, again and again', async () => {
    const ensemble = await three();
    const first = await PlainClient.open(ensemble.member(1).clientPort);
    expect(await first.create('/load', '')).toBe(0);
    first.close();
    const writer = new Writer();
    const writing = writer.run(ensemble);
    for (let round = 0; round < 3; round++) {
      const before = writer.acknowledged.size;
      await eventually('writes go on', () => writer.acknowledged.size > before + 500 || undefined);
      const leader = await ensemble.leader();
      await ensemble.end(leader, 'SIGKILL');
      const after = writer.acknowledged.size;
      await eventually('writes go on', () => writer.acknowledged.size > after + 100 || undefined);
      ensemble.up(leader);
      await ensemble.serving(leader);
    }
    writer.stop();
    await writing;
    expect(writer.acknowledged.size).toBeGreaterThan(1800);
    await expectOnAll(ensemble, writer.acknowledged);
  });

  it('survive that all of them are killed at once under load', async () => {
    const ensemble = await three();
    const first = await PlainClient.open(ensemble.member(1).clientPort);
    expect(await first.create('/load', '')).toBe(0);
    first.close();
    const writer = new Writer();
    const writing = writer.run(ensemble);
    await eventually('writes go on', () => writer.acknowledged.size > 2000 || undefined);
    await Promise.all([1, 2, 3].map((id) => ensemble.end(id, 'SIGKILL')));
    writer.stop();
    await writing;
    for (const id of [1, 2, 3]) ensemble.up(id);
    for (const id of [1, 2, 3]) await ensemble.serving(id);
    await expectOnAll(ensemble, writer.acknowledged);
  });

  it('cut off what a leader logged alone (TRUNC)', async () => {
    const ensemble = await three(['tickTime=2000']);
    const old = await ensemble.leader();
    const others = [1, 2, 3].filter((id) => id !== old);
    const client = await PlainClient.open(ensemble.member(old).clientPort);
    expect(await client.create('/agreed', '')).toBe(0);
    await Promise.all(others.map((id) => ensemble.end(id, 'SIGKILL')));
    // Never acknowledged: the leader gives up and cuts its clients.
    await expect(client.create('/alone', '')).rejects.toThrow('The connection is lost');
    await ensemble.end(old, 'SIGKILL');
    for (const id of others) ensemble.up(id);
    for (const id of others) await ensemble.serving(id);
    const leader = await ensemble.leader();
    const other = await PlainClient.open(ensemble.member(leader).clientPort);
    expect(await other.create('/instead', '')).toBe(0);
    other.close();
    ensemble.up(old);
    await ensemble.serving(old);
    expect(await syncMode(ensemble, leader, old)).toBe('trunc');
    const again = await PlainClient.open(ensemble.member(old).clientPort);
    expect(new Set(await again.children('/'))).toEqual(new Set(['agreed', 'instead', 'zookeeper']));
    again.close();
  });

  it('send a snapshot to a member that lags too far behind (SNAP), and to one that lost its disk', async () => {
    const ensemble = await three();
    const leader = await ensemble.leader();
    const id = leader === 1 ? 2 : 1;
    await ensemble.end(id, 'SIGTERM');
    const client = await PlainClient.open(ensemble.member(leader).clientPort);
    const codes = await Promise.all(
      Array.from({ length: 10_500 }, (_, index) => client.create(`/n${index}`, String(index))),
    );
    expect(new Set(codes)).toEqual(new Set([0]));
    client.close();
    for (const isWiped of [false, true]) {
      if (isWiped) {
        await ensemble.end(id, 'SIGTERM');
        ensemble.wipe(id);
      }
      ensemble.up(id);
      await ensemble.serving(id);
      expect(await syncMode(ensemble, leader, id)).toBe('snap');
      const again = await PlainClient.open(ensemble.member(id).clientPort);
      expect((await again.children('/')).length).toBe(10_501);
      expect(await again.get('/n10499')).toBe('10499');
      again.close();
    }
  });
});
