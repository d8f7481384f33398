import { type Prng } from '@zookafka/base';
import { mutate, noise, type Shot } from './mutate.ts';

const binary = 2;

/** The request that turns a connection into a WebSocket. */
export function upgradeRequest(port: number, path: string): Buffer {
  return Buffer.from(
    [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '',
      '',
    ].join('\r\n'),
  );
}

/** A message of one frame, masked as clients must. */
export function webSocketFrame(payload: Buffer, opcode = binary): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = Buffer.from(payload);
  for (let index = 0; index < masked.length; index++) {
    masked[index] = (masked[index] as number) ^ (mask[index & 3] as number);
  }
  const length = lengthOf(payload.length);
  length[0] = (length[0] as number) | 0x80;
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, masked]);
}

function lengthOf(size: number): Buffer {
  if (size < 126) return Buffer.from([size]);
  const bytes = Buffer.alloc(3);
  bytes[0] = 126;
  bytes.writeUInt16BE(size, 1);
  return bytes;
}

/** A shot in a frame that is right, or in one of another kind, of a length that lies, or changed. */
export function inWebSocket(shot: Shot, prng: Prng): Shot {
  const draw = prng.below(100);
  if (draw < 85) return { ...shot, bytes: webSocketFrame(shot.bytes) };
  return { ...shot, kind: 'spoiled', bytes: spoiledFrame(shot.bytes, prng) };
}

function spoiledFrame(payload: Buffer, prng: Prng): Buffer {
  const draw = prng.below(15);
  if (draw < 5) return webSocketFrame(payload, prng.below(16));
  if (draw < 9) return mutate(webSocketFrame(payload), prng, 0);
  if (draw < 12) {
    const head = Buffer.alloc(10);
    head[0] = 0x80 | binary;
    head[1] = 0x80 | 127;
    head.writeUInt32BE(prng.chance(500) ? 0 : prng.uint32(), 2);
    head.writeUInt32BE(prng.uint32(), 6);
    return Buffer.concat([head, noise(prng, 50)]);
  }
  return noise(prng, 100);
}

/** A request that may or may not lead to a WebSocket. */
export function httpNoise(port: number, prng: Prng): Buffer {
  const path = prng.pick(['/zookeeper', '/quorum', '/election', '/', '*', '/\u0000']);
  const request = upgradeRequest(port, path);
  const draw = prng.below(4);
  if (draw === 0) return mutate(request, prng, 0);
  if (draw === 1) return mutate(request, prng, 4);
  if (draw === 2) return Buffer.concat([request.subarray(0, -2), Buffer.alloc(20_000, 'A: b\r\n')]);
  return Buffer.concat([Buffer.from('GET '), noise(prng, 300)]);
}
