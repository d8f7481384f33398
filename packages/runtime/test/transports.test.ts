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

  it('sends at once behind what waits for the end of the turn', async () => {
    const server = await listen({ onConnection: echo });
    const got = await new Promise<string>((resolve) => {
      let text = '';
      const connection = connectTcp(
        { host, port: server.port, timeoutMs: 5000 },
        {
          onOpen: () => {
            connection.write(Buffer.from('a'));
            connection.send([Buffer.from('b'), Buffer.from('c')]);
            connection.write(Buffer.from('d'));
          },
          onData: (bytes) => {
            text += Buffer.from(bytes).toString();
            if (text.length === 4) connection.close();
          },
          onClose: () => {
            resolve(text);
          },
        },
      );
    });
    expect(got).toBe('abcd');
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

  it('gives a slow reader all of it in order, though memory is used again', async () => {
    const length = 50_000;
    const own = Buffer.alloc(length);
    const wereTaken: boolean[] = [];
    const waiting: number[] = [];
    const server = await listen({
      onConnection: (connection) => {
        connection.start({ onData: () => undefined, onClose: () => undefined });
        // More than the system takes from somebody who reads nothing.
        for (let value = 0; value < 250; value++) {
          const isOurs = !wereTaken.includes(false);
          const bytes = isOurs ? own : Buffer.alloc(length);
          wereTaken.push(connection.writeNow(bytes.fill(value)));
          waiting.push(connection.bufferedBytes);
        }
        connection.close();
      },
    });
    const socket = connect(server.port, host);
    socket.pause();
    await once(socket, 'connect');
    while (wereTaken.length < 250) await new Promise((resolve) => setImmediate(resolve));
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.resume();
    await once(socket, 'end');
    const all = Buffer.concat(pieces);
    expect(all.length).toBe(250 * length);
    for (let value = 0; value < 250; value++) {
      const piece = all.subarray(value * length, (value + 1) * length);
      expect(piece.every((byte) => byte === value)).toBe(true);
    }
    const first = wereTaken.indexOf(false);
    expect(first).toBeGreaterThan(0);
    expect(wereTaken.slice(first)).not.toContain(true);
    // The first that was not taken may have left in part; all behind it wait whole.
    waiting.forEach((bytes, index) => {
      if (index < first) expect(bytes).toBe(0);
      else expect(bytes).toBe((index - first + 1) * length);
    });
  });

  it('ends when what it writes meets nobody, though it reads nothing', async () => {
    const ends: (Error | undefined)[] = [];
    let link: TcpConnection | undefined;
    const server = await listen({
      onConnection: (connection) => {
        connection.start({
          onData: () => {
            connection.pause();
            link = connection;
          },
          onClose: (error) => ends.push(error),
        });
      },
    });
    const socket = connect(server.port, host);
    socket.write('x');
    while (link === undefined) await new Promise((resolve) => setImmediate(resolve));
    socket.resetAndDestroy();
    await once(socket, 'close');
    while (ends.length === 0) {
      link.writeNow(Buffer.alloc(100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(link.writeNow(Buffer.alloc(100))).toBe(true);
    expect(ends).toHaveLength(1);
    expect(ends[0]?.message).toMatch(/EPIPE|ECONNRESET/);
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

describe('accepted connections', () => {
  it('give pieces that stay as they came', async () => {
    const pieces: Uint8Array[] = [];
    let arrived = 0;
    const enough = new Promise<void>((resolve) => {
      void listen({
        onConnection: (connection) => {
          connection.start({
            onData: (bytes) => {
              pieces.push(bytes);
              arrived += bytes.length;
              if (arrived === 300_000) resolve();
            },
            onClose: () => undefined,
          });
        },
      }).then((server) => {
        const clients = [1, 2, 3].map((fill) => {
          const client = connect(server.port, host);
          client.write(Buffer.alloc(100_000, fill));
          return client;
        });
        stops.unshift(() => {
          for (const client of clients) client.destroy();
          return Promise.resolve();
        });
      });
    });
    await enough;
    const sums = new Map<number, number>();
    for (const piece of pieces) {
      expect(piece.every((byte) => byte === piece[0])).toBe(true);
      const fill = piece[0] as number;
      sums.set(fill, (sums.get(fill) ?? 0) + piece.length);
    }
    expect([...sums].sort(([left], [right]) => left - right)).toEqual([
      [1, 100_000],
      [2, 100_000],
      [3, 100_000],
    ]);
  });

  it('read into the same memory where their owner copies what it keeps', async () => {
    const buffers = new Set<ArrayBufferLike>();
    const server = await listen({
      lendsBytes: true,
      onConnection: (connection) => {
        connection.start({
          onData: (bytes) => {
            buffers.add(bytes.buffer);
            connection.write(bytes.slice());
          },
          onClose: () => undefined,
        });
      },
    });
    for (const text of ['one', 'two', 'three']) {
      const client = connect(server.port, host);
      client.write(text);
      expect(String((await once(client, 'data'))[0])).toBe(text);
      client.destroy();
    }
    expect(buffers.size).toBe(1);
  });

  it('read nothing while they are paused, and lose nothing', async () => {
    let link: TcpConnection | undefined;
    let text = '';
    const server = await listen({
      onConnection: (connection) => {
        link ??= connection;
        connection.start({
          onData: (bytes) => {
            text += Buffer.from(bytes).toString();
            connection.write(bytes);
          },
          onClose: () => undefined,
        });
      },
    });
    const client = connect(server.port, host);
    client.write('a');
    await once(client, 'data');
    link?.pause();
    client.write('b');
    // A second connection is served meanwhile, by the same loop.
    const other = connect(server.port, host);
    other.write('c');
    await once(other, 'data');
    expect(text).toBe('ac');
    client.write('d');
    const answers = once(client, 'data');
    (link as unknown as TcpConnection).resume();
    other.destroy();
    await answers;
    client.end();
    await once(client, 'close');
    expect(Array.from(text).sort().join('')).toBe('abcd');
  });

  it('are refused over a limit, until one ends', async () => {
    const server = await listen({ onConnection: echo, connectionCountMax: 1 });
    const first = connect(server.port, host);
    first.write('x');
    await once(first, 'data');
    const second = connect(server.port, host);
    second.on('error', () => undefined);
    await once(second, 'close');
    expect(server.connectionCount).toBe(1);
    first.end();
    await once(first, 'close');
    const third = connect(server.port, host);
    third.write('y');
    expect(String((await once(third, 'data'))[0])).toBe('y');
    third.destroy();
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
    // Around what changes a frame's head, and around what is sent in one piece.
    const sizes = [0, 1, 125, 126, 16_383, 16_384, 16_385, 2, 65_535, 65_536, 70_000, 3];
    const received: number[] = [];
    await new Promise<void>((resolve) => {
      const connection = connectWebSocket(
        { url: `ws://${host}:${server.port}/zookeeper`, timeoutMs: 1000, isUnmasked: true },
        {
          onOpen: () => {
            for (const size of sizes) connection.send(new Uint8Array(size).fill(7));
          },
          onMessage: (bytes) => {
            received.push(bytes.length);
            expect(bytes.every((byte) => byte === 7)).toBe(true);
            if (received.length === sizes.length) connection.close();
          },
          onClose: () => {
            resolve();
          },
        },
      );
    });
    expect(received).toEqual(sizes);
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
