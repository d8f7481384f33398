import { connect } from 'node:net';

const answerBytesMax = 1 << 20;

/**
 * Asks a coordinator one of ZooKeeper's four-letter words.
 *
 * @returns the whole answer, or undefined when nobody answered within `timeoutMs`
 */
export function askFourLetterWord(
  { host, port }: { readonly host: string; readonly port: number },
  word: string,
  timeoutMs = 1000,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (text: string | undefined): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.length > answerBytesMax) settle(undefined);
    });
    socket.on('end', () => {
      settle(answer);
    });
    socket.on('timeout', () => {
      settle(undefined);
    });
    socket.on('error', () => {
      settle(undefined);
    });
  });
}

/** What `srvr` says of a member. */
export interface MemberState {
  readonly state: 'leading' | 'following' | 'looking' | 'down';
  /** The last transaction that it applied, as ZooKeeper writes it (`0x100000003`); undefined when it is not serving. */
  readonly zxid: string | undefined;
}

/** @param answer what `srvr` answered, undefined when nothing did */
export function memberStateOf(answer: string | undefined): MemberState {
  if (answer === undefined) return { state: 'down', zxid: undefined };
  const mode = /^Mode: (\w+)/m.exec(answer)?.[1];
  const zxid = /^Zxid: (0x[0-9a-f]+)/m.exec(answer)?.[1];
  if (mode === 'leader' || mode === 'standalone') return { state: 'leading', zxid };
  if (mode === 'follower') return { state: 'following', zxid };
  return { state: 'looking', zxid: undefined };
}
