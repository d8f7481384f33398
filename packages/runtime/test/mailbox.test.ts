import { Mailbox } from '../src/store/mailbox.ts';

const append = {
  kind: 'append',
  zxidFirst: 2 ** 40 + 1,
  zxidLast: 2 ** 40 + 3,
  committedZxid: 2 ** 40,
} as const;

describe('Mailbox', () => {
  it('gives what was put in to whoever shares its memory, once', () => {
    const here = new Mailbox();
    const there = new Mailbox(here.memory);
    expect(there.take()).toBeUndefined();
    const blob = Uint8Array.of(1, 2, 3);
    expect(here.put({ ...append, blob })).toBe(true);
    expect(there.take()).toEqual({ ...append, blob });
    expect(there.take()).toBeUndefined();
  });

  it('gives a blob of its own: the next one may come', () => {
    const mailbox = new Mailbox();
    mailbox.put({ ...append, blob: Uint8Array.of(1, 1) });
    const first = mailbox.take();
    mailbox.put({ ...append, blob: Uint8Array.of(2, 2) });
    expect(first?.blob).toEqual(Uint8Array.of(1, 1));
  });

  it('refuses what is too large, and a second before the first was taken', () => {
    const mailbox = new Mailbox();
    expect(mailbox.put({ ...append, blob: new Uint8Array((64 << 10) + 1) })).toBe(false);
    expect(mailbox.put({ ...append, blob: new Uint8Array(64 << 10).fill(5) })).toBe(true);
    expect(() => mailbox.put({ ...append, blob: new Uint8Array(1) })).toThrow('holds one append');
    expect(mailbox.take()?.blob.every((byte) => byte === 5)).toBe(true);
  });

  it('does not sleep through a bell that was rung before', () => {
    const mailbox = new Mailbox();
    const { rungCount } = mailbox;
    mailbox.ring();
    expect(mailbox.sleep(rungCount, 60_000)).toBe(true);
    expect(mailbox.sleep(mailbox.rungCount, 1)).toBe(false);
  });
});
