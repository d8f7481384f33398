import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@zookafka/testkit';
import { members } from './fixture.ts';
import { WireClient } from './wireClient.ts';

const folder = temporaryFolder();
const { start, stop } = members();

describe('a member that starts again', () => {
  it('has what was acknowledged, from its log', async () => {
    const first = await start(folder());
    const client = await WireClient.withSession(first.coordinator.clientPort);
    expect(await client.create('/a', 'kept')).toBe(0);
    expect(await client.create('/a/b', 'too')).toBe(0);
    await stop(first);
    const second = await start(folder());
    const again = await WireClient.withSession(second.coordinator.clientPort);
    expect(await again.get('/a')).toBe('kept');
    expect(await again.get('/a/b')).toBe('too');
    again.close();
  });

  it('has it from a snapshot and the log behind it', async () => {
    const first = await start(folder(), ['snapCount=8']);
    const client = await WireClient.withSession(first.coordinator.clientPort);
    for (let index = 0; index < 40; index++) await client.create(`/n${index}`, `value ${index}`);
    await first.log.line('snapshotStored');
    for (let index = 40; index < 43; index++) await client.create(`/n${index}`, `value ${index}`);
    await stop(first);
    expect(readdirSync(join(folder(), 'data', 'snapshots')).length).toBeGreaterThan(0);
    const second = await start(folder());
    const again = await WireClient.withSession(second.coordinator.clientPort);
    for (let index = 0; index < 43; index++) {
      expect(await again.get(`/n${index}`)).toBe(`value ${index}`);
    }
    again.close();
  });

  it('lets a session go on with its password, ephemeral nodes and all', async () => {
    const first = await start(folder());
    const client = await WireClient.open(first.coordinator.clientPort);
    const { sessionId, passwd } = await client.handshake();
    expect(await client.create('/e', 'mine', 1)).toBe(0);
    await stop(first);
    const second = await start(folder());
    const again = await WireClient.open(second.coordinator.clientPort);
    const answer = await again.handshake({ id: sessionId, password: passwd });
    expect(answer.sessionId).toEqual(sessionId);
    expect(answer.timeOut).toBeGreaterThan(0);
    expect(await again.get('/e')).toBe('mine');
    again.close();
  });
});

describe('a folder that cannot be used', () => {
  it('is refused while another member holds it', async () => {
    await start(folder());
    await expect(start(folder())).rejects.toThrow(`process ${process.pid} holds it`);
  });

  it('is refused when it holds files of ZooKeeper itself', async () => {
    mkdirSync(join(folder(), 'data', 'version-2'), { recursive: true });
    await expect(start(folder())).rejects.toThrow(/holds ZooKeeper's own 'version-2'/);
  });
});

describe('a port that is taken', () => {
  it('is refused, and the folder is given back', async () => {
    const first = await start(join(folder(), 'a'));
    const { clientPort } = first.coordinator;
    const taken = [`clientPort=${clientPort}`];
    await expect(start(join(folder(), 'b'), taken)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${clientPort}: another program listens there`,
    );
    await start(join(folder(), 'b'));
  });
});

describe('a disk that fails', () => {
  it('stops the member: what was acknowledged stays, nothing more is', async () => {
    const first = await start(folder(), [], { databaseBytesMax: 256 << 10 });
    const client = await WireClient.withSession(first.coordinator.clientPort);
    let acknowledged = 0;
    let isFailed = false;
    const failure = first.failed.then((error) => {
      isFailed = true;
      return error;
    });
    const text = 'x'.repeat(20_000);
    while (!isFailed) {
      const path = `/n${acknowledged}`;
      const answer = await client.create(path, text).catch(() => undefined);
      if (answer === 0) acknowledged++;
      else await failure;
    }
    expect(String(await failure)).toContain('Cannot store in');
    expect(acknowledged).toBeGreaterThan(0);
    await stop(first);
    const second = await start(folder());
    const again = await WireClient.withSession(second.coordinator.clientPort);
    for (let index = 0; index < acknowledged; index++) {
      expect(await again.get(`/n${index}`)).toBe(text);
    }
    again.close();
  });
});
