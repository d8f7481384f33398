import { once } from 'node:events';
import { ByteReader, ByteWriter } from '@zookafka/base';
import { temporaryFolder } from '@zookafka/testkit';
import {
  decodeConnectResponse,
  noSession,
  sameSession,
  writeConnectRequestFrame,
} from '@zookafka/zookeeper-wire';
import { WebSocket } from 'ws';
import { members } from './fixture.ts';
import { exchange, WireClient } from './wireClient.ts';

const folder = temporaryFolder();
const { start } = members();

function webSocket(port: number, origin?: string): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}/zookeeper`, origin === undefined ? {} : { origin });
}

describe('the client port', () => {
  it('serves jute over TCP', async () => {
    const { coordinator } = await start(folder());
    const client = await WireClient.withSession(coordinator.clientPort);
    expect(await client.create('/a', 'hello')).toBe(0);
    expect(await client.get('/a')).toBe('hello');
    client.close();
  });

  it('serves jute over WebSocket, frames across messages', async () => {
    const { coordinator } = await start(folder());
    const socket = webSocket(coordinator.clientPort);
    await once(socket, 'open');
    const writer = new ByteWriter();
    writeConnectRequestFrame(writer, {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeOut: 4000,
      sessionId: noSession,
      passwd: new Uint8Array(16),
      readOnly: false,
    });
    const frame = writer.copy();
    socket.send(frame.subarray(0, 7));
    socket.send(frame.subarray(7));
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(new ByteReader(message).int32()).toBe(message.length - 4);
    expect(sameSession(decodeConnectResponse(message.subarray(4)).sessionId, noSession)).toBe(
      false,
    );
    socket.terminate();
  });

  it('refuses a page from elsewhere, and says so', async () => {
    const { coordinator, log } = await start(folder());
    const socket = webSocket(coordinator.clientPort, 'http://example.com');
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
    expect((await log.line('A connection was refused')).fields).toMatchObject({
      reason: 'foreign origin',
    });
  });

  it('answers four-letter words that are allowed, and closes', async () => {
    const { coordinator } = await start(folder(), ['4lw.commands.whitelist=srvr,ruok,conf']);
    const { clientPort } = coordinator;
    expect(await exchange(clientPort, 'ruok')).toBe('imok');
    expect(await exchange(clientPort, 'srvr\n')).toContain('Mode: standalone');
    expect(await exchange(clientPort, 'conf')).toContain('tickTime=100\n');
    expect(await exchange(clientPort, 'cons')).toContain('not in the whitelist');
  });

  it('cuts off who sends a frame that is too long, and serves the others on', async () => {
    const { coordinator, log } = await start(folder(), ['jute.maxbuffer=2048']);
    const { clientPort } = coordinator;
    const other = await WireClient.withSession(clientPort);
    expect(await exchange(clientPort, new Uint8Array([0, 1, 0, 0, 9, 9]))).toBe('');
    expect((await log.line('A client was cut off')).fields['reason']).toContain('65536');
    expect(await other.create('/a', '')).toBe(0);
    other.close();
  });

  it('cuts off who sends no request, and serves the others on', async () => {
    const { coordinator, log } = await start(folder());
    const other = await WireClient.withSession(coordinator.clientPort);
    expect(await exchange(coordinator.clientPort, new Uint8Array([0, 0, 0, 2, 7, 7]))).toBe('');
    await log.line('A client was cut off');
    expect(await other.create('/a', '')).toBe(0);
    other.close();
  });

  it('holds one address to its number of connections', async () => {
    const { coordinator, log } = await start(folder(), ['maxClientCnxns=1']);
    const { clientPort } = coordinator;
    const first = await WireClient.withSession(clientPort);
    expect(await exchange(clientPort, new Uint8Array([0, 0, 0, 44]))).toBe('');
    expect((await log.line('A client was cut off')).fields['reason']).toContain('maxClientCnxns');
    first.close();
  });
});
