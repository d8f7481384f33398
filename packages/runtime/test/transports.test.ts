import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import {
  connectTcp,
  connectWebSocket,
  createWebSocketServer,
  type TcpConnection,
  TcpServer,
  type TcpServerOptions,
  type WebSocketConnection,
} from '../src/index.ts';

const host = '127.0.0.1';
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function listen(options: Partial<TcpServerOptions>): Promise<TcpServer> {
  const server = await TcpServer.listen({
    host,
    port: 0,
    onConnection: () => undefined,
    ...options,
  });
  stops.push(() => server.stop());
  return server;
}

/** Sends back what it gets. */
function echo(connection: TcpConnection): void {
  connection.start({
    onData: (bytes) => {
      connection.write(bytes);
    },
    onClose: () => undefined,
  });
}

/** Sends back what it gets. */
function echoMessages(connection: WebSocketConnection): void {
  connection.start({
    onMessage: (bytes) => {
      connection.send(bytes);
    },
    onClose: () => undefined,
  });
}

async function listenBoth(): Promise<TcpServer> {
  const http = createWebSocketServer({
    paths: [{ path: '/zookeeper', messageBytesMax: 100_000, onConnection: echoMessages }],
  });
  return listen({ onConnection: echo, http });
}

function upgradeStatus(
  port: number,
  headers: Record<string, string>,
  path = '/zookeeper',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const upgrade = request({
      host,
      port,
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    upgrade.on('response', (response) => {
      resolve(response.statusCode ?? 0);
    });
    upgrade.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    upgrade.on('error', reject);
    upgrade.end();
  });
}

describe('TCP', () => {
  it('carries what a turn wrote, in order, and tells the end once', async () => {
    const server = await listen({ onConnection: echo });
    const received: Uint8Array[] = [];
    const ends: unknown[] = [];
    await new Promise<void>((resolve) => {
      const connection = connectTcp(
        { host, port: server.port, timeoutMs: 1000 },
        {
          onOpen: () => {
            for (let value = 0; value < 200; value++)
              connection.write(new Uint8Array(1000).fill(value));
          },
          onData: (bytes) => {
            received.push(bytes);
            if (Buffer.concat(received).length === 200_000) connection.close();
          },
          onClose: (error) => {
            ends.push(error);
            resolve();
          },
        },
      );
    });
    const all = Buffer.concat(received);
    for (let value = 0; value < 200; value++) expect(all[value * 1000 + 999]).toBe(value);
    expect(ends).toEqual([undefined]);
  });

  it('says why it could not connect', async () => {
    const server = await TcpServer.listen({ host, port: 0, onConnection: () => undefined });
    const { port } = server;
    await server.stop();
    const error = await new Promise<Error | undefined>((resolve) => {
      connectTcp({ host, port, timeoutMs: 1000 }, { onData: () => undefined, onClose: resolve });
    });
    expect(error?.message).toContain('ECONNREFUSED');
  });

  it('cuts off a peer that does not read', async () => {
    const reason = new Promise<Error | undefined>((resolve) => {
      void listen({
        bufferedBytesMax: 1000,
        onConnection: (connection) => {
          connection.start({ onData: () => undefined, onClose: resolve });
          connection.write(new Uint8Array(50_000_000));
        },
      }).then((server) => {
        const socket = connect(server.port, host);
        socket.on('error', () => undefined);
        socket.pause();
      });
    });
    expect((await reason)?.message).toMatch(/wait for it to read/);
  });

  it('refuses a port that is taken', async () => {
    const server = await listen({});
    await expect(
      TcpServer.listen({ host, port: server.port, onConnection: () => undefined }),
    ).rejects.toThrow('EADDRINUSE');
  });

  it('stops though connections are open', async () => {
    const server = await TcpServer.listen({ host, port: 0, onConnection: echo });
    const socket = connect(server.port, host);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await server.stop();
    expect(server.connectionCount).toBe(0);
  });
});

describe('one port', () => {
  it('tells binary frames, four-letter words and WebSockets apart', async () => {
    const server = await listenBoth();
    for (const first of ['ruok', '\0\0\0\x05hello']) {
      const socket = connect(server.port, host);
      socket.write(first);
      const [echoed] = (await once(socket, 'data')) as [Buffer];
      expect(echoed.toString()).toBe(first);
      socket.destroy();
    }
    const echoed = await new Promise<Uint8Array>((resolve, reject) => {
      const connection = connectWebSocket(
        { url: `ws://${host}:${server.port}/zookeeper`, timeoutMs: 1000 },
        {
          onOpen: () => {
            connection.send(new Uint8Array([1, 2, 3]));
          },
          onMessage: (bytes) => {
            connection.close();
            resolve(bytes);
          },
          onClose: (error) => {
            reject(error ?? new Error('closed'));
          },
        },
      );
    });
    expect([...echoed]).toEqual([1, 2, 3]);
  });

  it('waits for a first byte only so long', async () => {
    const http = createWebSocketServer({ paths: [] });
    const server = await listen({ onConnection: echo, http, firstByteMsMax: 10 });
    const socket = connect(server.port, host);
    socket.on('error', () => undefined);
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });

  it('answers other requests of HTTP with 426', async () => {
    const server = await listenBoth();
    const response = await fetch(`http://${host}:${server.port}/zookeeper`);
    expect(response.status).toBe(426);
  });
});

describe('WebSocket', () => {
  it.each([
    ['no origin', {}, 101],
    ['its own page', { origin: 'http://127.0.0.1:PORT', host: '127.0.0.1:PORT' }, 101],
    ['its own page by name', { origin: 'http://localhost:PORT', host: 'localhost:PORT' }, 101],
    ['a foreign page', { origin: 'http://evil.example', host: '127.0.0.1:PORT' }, 403],
    ['another port', { origin: 'http://127.0.0.1:1', host: '127.0.0.1:PORT' }, 403],
    ['a name that was pointed here', { origin: 'http://evil.example', host: 'evil.example' }, 403],
    ['no page at all', { origin: 'null' }, 403],
  ])('decides on %s', async (_name, headers, status) => {
    const server = await listenBoth();
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('PORT', String(server.port)),
      ]),
    );
    expect(await upgradeStatus(server.port, filled)).toBe(status);
  });

  it('refuses another path', async () => {
    const server = await listenBoth();
    expect(await upgradeStatus(server.port, {}, '/other')).toBe(404);
  });

  it('carries unmasked messages, one by one', async () => {
    const server = await listenBoth();
    const received: number[] = [];
    await new Promise<void>((resolve) => {
      const connection = connectWebSocket(
        { url: `ws://${host}:${server.port}/zookeeper`, timeoutMs: 1000, isUnmasked: true },
        {
          onOpen: () => {
            for (const size of [0, 1, 70_000]) connection.send(new Uint8Array(size).fill(7));
          },
          onMessage: (bytes) => {
            received.push(bytes.length);
            expect(bytes.every((byte) => byte === 7)).toBe(true);
            if (received.length === 3) connection.close();
          },
          onClose: () => {
            resolve();
          },
        },
      );
    });
    expect(received).toEqual([0, 1, 70_000]);
  });

  it.each([
    ['a message that is too long', Buffer.alloc(100_001)],
    ['a message of text', 'text'],
  ])('ends a connection with %s', async (_name, message) => {
    const server = await listenBoth();
    const socket = new WebSocket(`ws://${host}:${server.port}/zookeeper`);
    await once(socket, 'open');
    socket.send(message);
    const [code] = (await once(socket, 'close')) as [number];
    expect([1006, 1009]).toContain(code);
  });

  it('tells that there is nobody', async () => {
    const error = await new Promise<Error | undefined>((resolve) => {
      connectWebSocket(
        { url: 'ws://127.0.0.1:1/zookeeper', timeoutMs: 1000 },
        { onMessage: () => undefined, onClose: resolve },
      );
    });
    expect(error?.message).toContain('ECONNREFUSED');
  });

  it('answers pings', async () => {
    const server = await listenBoth();
    await new Promise<void>((resolve) => {
      const connection = connectWebSocket(
        { url: `ws://${host}:${server.port}/zookeeper`, timeoutMs: 1000 },
        {
          onOpen: () => {
            connection.ping();
          },
          onMessage: () => undefined,
          onPong: () => {
            connection.terminate();
          },
          onClose: () => {
            resolve();
          },
        },
      );
    });
  });
});
