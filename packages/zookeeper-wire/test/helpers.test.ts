import {
  createFlags,
  createModeOf,
  counterOf,
  epochMax,
  epochOf,
  errorCodes,
  errorName,
  eventName,
  firstSessionId,
  flagsOf,
  fourLetterWordOf,
  isPath,
  javaRandomBytes,
  makeZxid,
  nextSessionId,
  noSession,
  parentPath,
  parseSessionId,
  pathFault,
  sameSession,
  sessionIdOf,
  sessionIdText,
  sessionKey,
  sessionPassword,
  zxidText,
} from '../src/index.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

describe('a zxid', () => {
  it.each([
    [0, 0, 0, '0x0'],
    [1, 0, 0x1_0000_0000, '0x100000000'],
    [epochMax, 0xffff_ffff, Number.MAX_SAFE_INTEGER, '0x1fffffffffffff'],
  ])('of epoch %d and counter %d is one safe integer', (epoch, counter, zxid, text) => {
    expect(makeZxid(epoch, counter)).toBe(zxid);
    expect(epochOf(zxid)).toBe(epoch);
    expect(counterOf(zxid)).toBe(counter);
    expect(zxidText(zxid)).toBe(text);
  });

  it('has no epoch above 2^21 - 1', () => {
    expect(() => makeZxid(epochMax + 1, 0)).toThrow('An epoch is below 2^21');
  });
});

describe('a session id', () => {
  it.each([
    [sessionIdOf(0, 0), '0x0'],
    [sessionIdOf(0, 255), '0xff'],
    [sessionIdOf(0x0100_0000, 5), '0x100000000000005'],
    [sessionIdOf(-1, -2), '0xfffffffffffffffe'],
  ])('%j is printed as ZooKeeper does: %s', (id, text) => {
    expect(sessionIdText(id)).toBe(text);
    expect(parseSessionId(text)).toEqual(id);
  });

  it('is the same whether its halves are signed or not', () => {
    expect(sameSession({ high: -1, low: -2 }, sessionIdOf(-1, -2))).toBe(true);
    expect(sameSession(noSession, sessionIdOf(0, 1))).toBe(false);
    expect(sessionKey({ high: -1, low: -2 })).toBe(sessionKey(sessionIdOf(-1, -2)));
  });

  it('begins with the server, then its clock, and counts up over its low half', () => {
    const startMs = 0x123_4567_89ab;
    expect(sessionIdText(firstSessionId(3, startMs))).toBe('0x323456789ab0000');
    expect(nextSessionId(sessionIdOf(1, 0xffff_ffff))).toEqual(sessionIdOf(2, 0));
  });
});

describe('the password of a session', () => {
  it('is drawn as java.util.Random draws: the known first numbers of seed 42', () => {
    const view = new DataView(javaRandomBytes({ high: 0, low: 42 }, 8).buffer);
    expect([view.getInt32(0, true), view.getInt32(4, true)]).toEqual([-1170105035, 234785527]);
  });

  it('has 16 bytes and differs between sessions', () => {
    const first = sessionPassword(sessionIdOf(0x0100_0000, 1));
    expect(first).toHaveLength(16);
    expect(sessionPassword(sessionIdOf(0x0100_0000, 1))).toEqual(first);
    expect(sessionPassword(sessionIdOf(0x0100_0000, 2))).not.toEqual(first);
  });
});

describe('a path', () => {
  it.each(['/', '/a', '/a/b', '/a.b', '/...', '/.a', '/ü', '/a b', '/q/0000000000'])(
    '%s is one',
    (path) => {
      expect(pathFault(path)).toBeUndefined();
    },
  );

  it.each([
    '',
    'a',
    '/a/',
    '//',
    '/a//b',
    '/.',
    '/..',
    '/a/./b',
    '/a/..',
    '/a\u0000',
    '/\u0001',
    '/\u001f',
    '/\u007f',
    '/\u009f',
    '/\ud83d\ude00',
    '/\uf8ff',
    '/\ufff0',
    '/\uffff',
  ])('%j is none', (path) => {
    expect(isPath(path)).toBe(false);
  });

  it('has a parent', () => {
    expect(['/a/b', '/a', '/'].map(parentPath)).toEqual(['/a', '/', '']);
  });
});

describe('the tables of names', () => {
  it('name errors and events', () => {
    expect(errorName(errorCodes.BadVersion)).toBe('BadVersion');
    expect(errorName(-999)).toBe('Error -999');
    expect(eventName(4)).toBe('NodeChildrenChanged');
    expect(eventName(99)).toBeUndefined();
  });

  it('say what a create makes', () => {
    for (const flags of Object.values(createFlags)) {
      const mode = createModeOf(flags);
      expect(mode && flagsOf(mode)).toBe(flags);
    }
    expect(createModeOf(createFlags.ephemeralSequential)).toEqual({
      isEphemeral: true,
      isSequential: true,
      isContainer: false,
      hasTtl: false,
    });
    expect([createModeOf(7), createModeOf(-1)]).toEqual([undefined, undefined]);
  });

  it('recognise a command of four letters where a length would be', () => {
    expect(fourLetterWordOf(bytesOf('ruok\n'))).toBe('ruok');
    expect(fourLetterWordOf(bytesOf('ruo'))).toBeUndefined();
    expect(fourLetterWordOf(new Uint8Array([0, 0, 0, 44]))).toBeUndefined();
  });
});
