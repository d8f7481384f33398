import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { temporaryFolder } from '@zookafka/testkit';
import { SessionFile } from '../../src/node/sessionFile.ts';

const folder = temporaryFolder();
const stored = {
  sessionId: { high: 0x9a1f_caea, low: 0xaaa1_0002 },
  password: Uint8Array.from({ length: 16 }, (_, index) => index * 15),
  lastZxid: 0,
};

describe('SessionFile', () => {
  it('gives back what was kept last', () => {
    const file = new SessionFile(folder());
    expect(file.read()).toBeNull();
    file.write({ ...stored, sessionId: { high: 1, low: 2 } });
    file.write(stored);
    expect(file.read()).toEqual(stored);
  });

  it('is readable by its owner only, and leaves nothing aside', () => {
    const file = new SessionFile(folder());
    file.write(stored);
    expect(statSync(file.path).mode & 0o077).toBe(0);
    expect(readdirSync(folder())).toHaveLength(1);
  });

  it.each([
    '',
    '{',
    'null',
    '{"version":2,"sessionId":"0x1","password":"AAAAAAAAAAAAAAAAAAAAAA=="}',
    '{"version":1,"sessionId":"1","password":"AAAAAAAAAAAAAAAAAAAAAA=="}',
    '{"version":1,"sessionId":"0x1","password":"AAAA"}',
    '{"version":1,"sessionId":7,"password":"AAAAAAAAAAAAAAAAAAAAAA=="}',
  ])('takes %p for nothing kept', (text) => {
    const file = new SessionFile(folder());
    writeFileSync(file.path, text);
    expect(file.read()).toBeNull();
  });
});
