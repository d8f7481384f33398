import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ByteWriter } from '@zookafka/base';
import { temporaryFolder } from '@zookafka/testkit';
import {
  decodePeerMessages,
  encodePeerMessages,
  type PeerHello,
  type PeerMessage,
  zabProtocolVersion,
} from '@zookafka/zookeeper-wire';
import { WebSocket } from 'ws';
import { configure, freePorts, members, type RunningMember } from './fixture.ts';
import { createWebSocketServer, TcpServer } from '@zookafka/runtime';
import { type PeerIdentity, PeerLink } from '../../src/node/peerLinks.ts';
import { exchange } from './wireClient.ts';

const folder = temporaryFolder();
const { start, stop } = members();

const hello: PeerHello = {
  kind: 'hello',
  protocolVersion: zabProtocolVersion,
  ensembleId: null,
  serverId: 3,
  role: 'participant',
};

interface Lonely {
  readonly member: RunningMember;
  readonly electionPort: number;
  readonly quorumPort: number;
}

/** Member 1 of three, the other two of which are played by the test. */
async function lonely(): Promise<Lonely> {
  const ports = await freePorts(6);
  const servers = [1, 2, 3].map(
    (id) => `server.${id}=127.0.0.1:${String(ports[2 * id - 2])}:${String(ports[2 * id - 1])}`,
  );
  configure(folder());
  writeFileSync(join(folder(), 'data', 'myid'), '1');
  const member = await start(folder(), servers);
  return { member, quorumPort: ports[0] as number, electionPort: ports[1] as number };
}

/** Opens a link, says this, and gives what the member says until it hangs up. */
async function say(port: number, path: string, messages: readonly PeerMessage[]): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  await once(socket, 'open');
  const writer = new ByteWriter();
  encodePeerMessages(writer, messages);
  socket.send(writer.copy());
  await once(socket, 'close');
}

describe('a peer that connects', () => {
  it('is told first who the member is, and then its vote', async () => {
    const { electionPort } = await lonely();
    const socket = new WebSocket(`ws://127.0.0.1:${electionPort}/election`);
    const heard: PeerMessage[] = [];
    const voted = new Promise<void>((resolve) => {
      socket.on('message', (bytes: Buffer) => {
        heard.push(...decodePeerMessages(bytes));
        if (heard.some(({ kind }) => kind === 'notification')) resolve();
      });
    });
    await once(socket, 'open');
    const writer = new ByteWriter();
    encodePeerMessages(writer, [hello]);
    socket.send(writer.copy());
    await voted;
    expect(heard[0]).toEqual({ ...hello, serverId: 1 });
    expect(heard[1]).toMatchObject({ kind: 'notification', state: 'looking', leader: 1 });
    socket.terminate();
  });

  it.each<readonly [string, PeerMessage, RegExp]>([
    ['of another protocol', { ...hello, protocolVersion: 7 }, /speaks version 7/],
    ['whose id nobody named', { ...hello, serverId: 9 }, /its id is 9/],
    ['with the id of the member itself', { ...hello, serverId: 1 }, /its id is 1/],
    ['that does not say who it is', { kind: 'ping', zxid: 1 }, /before it said who it is/],
  ])('%s is refused, with a line in the log', async (_, message, reason) => {
    const { member, quorumPort } = await lonely();
    await say(quorumPort, '/quorum', [message]);
    expect((await member.log.line('A peer was refused')).fields['reason']).toMatch(reason);
  });

  it('of another ensemble is refused, once the member belongs to one', async () => {
    const { member, quorumPort } = await lonely();
    const first = new WebSocket(`ws://127.0.0.1:${quorumPort}/quorum`);
    await once(first, 'open');
    const writer = new ByteWriter();
    encodePeerMessages(writer, [{ ...hello, ensembleId: 'ours' }]);
    first.send(writer.copy());
    await member.log.line('ensembleAdopted');
    await say(quorumPort, '/quorum', [{ ...hello, serverId: 2, ensembleId: 'theirs' }]);
    expect((await member.log.line('A peer was refused')).fields['reason']).toBe(
      'it is of the ensemble theirs, this member of ours',
    );
    first.terminate();
  });

  it('that sends garbage is refused', async () => {
    const { member, quorumPort } = await lonely();
    const socket = new WebSocket(`ws://127.0.0.1:${quorumPort}/quorum`);
    await once(socket, 'open');
    socket.send(new Uint8Array([1, 2, 3]));
    await once(socket, 'close');
    expect((await member.log.line('A peer was refused')).fields['reason']).toMatch(/Cannot read/);
  });

  it('that speaks no WebSocket is refused', async () => {
    const { member, quorumPort } = await lonely();
    expect(await exchange(quorumPort, 'ruok')).toBe('');
    await member.log.line('A connection was refused');
  });
});

describe('the name of an ensemble', () => {
  /** A link of a member that gave a name, and what it was told. */
  async function named(): Promise<{ port: number; identity: PeerIdentity; adopted: string[] }> {
    const identity: PeerIdentity = { serverId: 1, ensembleId: 'new', isStored: false };
    const adopted: string[] = [];
    const context = {
      identity,
      serverIds: new Set([1, 2, 3]),
      onAdopted: (ensembleId: string) => {
        adopted.push(ensembleId);
      },
      onRefused: () => undefined,
    };
    const handlers = {
      onReady: () => undefined,
      onMessages: () => undefined,
      onClose: () => undefined,
    };
    const http = createWebSocketServer({
      paths: [
        {
          path: '/quorum',
          messageBytesMax: 10_000,
          onConnection: (connection) => {
            PeerLink.accept(connection, context, handlers);
          },
        },
      ],
    });
    const server = await TcpServer.listen({
      host: '127.0.0.1',
      port: 0,
      http,
      onConnection: (connection) => {
        connection.destroy();
      },
    });
    servers.push(server);
    return { port: server.port, identity, adopted };
  }

  const servers: TcpServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('is stored by the leader that gave it only when a peer has it too', async () => {
    const { port, adopted } = await named();
    await say(port, '/quorum', [hello, { ...hello, protocolVersion: 7 }]);
    expect(adopted).toEqual([]);
    await say(port, '/quorum', [
      { ...hello, ensembleId: 'new' },
      { ...hello, protocolVersion: 7 },
    ]);
    expect(adopted).toEqual(['new']);
  });

  it('is said back by whoever adopts it', async () => {
    const { quorumPort } = await lonely();
    const socket = new WebSocket(`ws://127.0.0.1:${quorumPort}/quorum`);
    const heard: PeerMessage[] = [];
    const saidBack = new Promise<void>((resolve) => {
      socket.on('message', (bytes: Buffer) => {
        heard.push(...decodePeerMessages(bytes));
        if (heard.length === 2) resolve();
      });
    });
    await once(socket, 'open');
    const writer = new ByteWriter();
    encodePeerMessages(writer, [{ ...hello, ensembleId: 'ours' }]);
    socket.send(writer.copy());
    await saidBack;
    expect(heard).toEqual([
      { ...hello, serverId: 1 },
      { ...hello, serverId: 1, ensembleId: 'ours' },
    ]);
    socket.terminate();
  });
});

describe('three members', () => {
  it('elect a leader, agree on the ensemble, and go on with another when it stops', async () => {
    const ports = await freePorts(6);
    const servers = [1, 2, 3].map(
      (id) => `server.${id}=127.0.0.1:${String(ports[2 * id - 2])}:${String(ports[2 * id - 1])}`,
    );
    const running: RunningMember[] = [];
    for (const id of [1, 2, 3]) {
      const own = join(folder(), String(id));
      configure(own);
      writeFileSync(join(own, 'data', 'myid'), String(id));
      running.push(await start(own, servers));
    }
    const ensembles = await Promise.all(
      running.map(async ({ log }) => (await log.line('ensembleAdopted')).fields['ensembleId']),
    );
    expect(new Set(ensembles).size).toBe(1);
    await Promise.all(running.map(({ log }) => log.line('serving')));
    const leader = running.find(({ log }) =>
      log.lines.some(({ message }) => message === 'leading'),
    );
    for (const { log } of running) log.lines.length = 0;
    await stop(leader as RunningMember);
    const rest = running.filter((member) => member !== leader);
    await Promise.all(rest.map(({ log }) => log.line('serving')));
  });
});
