import { Properties } from '../src/index.ts';

const text = `# ZooKeeper's own
tickTime=2000
  dataDir = /var/lib/a b\t
! also a comment
server.1=host1:2888:3888
server.2: host2:2888:3888
list=a, b,\\
     c,,
escaped\\=key=\\u0041\\tb
empty=
windows=C\\:\\\\x\r
flag=TRUE
tickTime=3000
`;

describe('Properties', () => {
  const properties = new Properties(text, 'zoo.cfg');

  it('reads keys and values as Java does', () => {
    expect(properties.integer('tickTime', { min: 1, max: 10_000 })).toBe(3000);
    expect(properties.text('dataDir')).toBe('/var/lib/a b');
    expect(properties.list('list')).toEqual(['a', 'b', 'c']);
    expect(properties.text('escaped=key')).toBe('A\tb');
    expect(properties.text('windows')).toBe('C:\\x');
    expect(properties.boolean('flag')).toBe(true);
    expect([...properties.withPrefix('server.')]).toEqual([
      ['1', 'host1:2888:3888'],
      ['2', 'host2:2888:3888'],
    ]);
  });

  it('takes an empty value for none', () => {
    expect(properties.optional('empty')).toBeUndefined();
    expect(properties.integer('empty', { min: 0, max: 9 }, 5)).toBe(5);
    expect(properties.boolean('absent', false)).toBe(false);
    expect(properties.list('absent', ['x', 'y'])).toEqual(['x', 'y']);
  });

  it('knows which keys nobody asked for', () => {
    const some = new Properties('a=1\nb=2', 'f');
    some.text('a');
    expect(some.keysUnused).toEqual(['b']);
  });

  it.each([
    [
      () => properties.integer('flag', { min: 0, max: 9 }),
      "Cannot use zoo.cfg, line 12: 'flag' is 'TRUE', accepted is an integer from 0 to 9",
    ],
    [
      () => properties.integer('tickTime', { min: 0, max: 9 }),
      "Cannot use zoo.cfg, line 13: 'tickTime' is '3000', accepted is an integer from 0 to 9",
    ],
    [
      () => properties.boolean('tickTime'),
      "Cannot use zoo.cfg, line 13: 'tickTime' is '3000', accepted is true or false",
    ],
    [
      () => properties.oneOf('flag', ['tcp', 'websocket']),
      "Cannot use zoo.cfg, line 12: 'flag' is 'TRUE', accepted is one of tcp, websocket",
    ],
    [() => properties.text('absent'), "Cannot use zoo.cfg: 'absent' is missing"],
    [
      () => new Properties('a=1\n\n=2', 'f.cfg'),
      "Cannot read f.cfg, line 3: no key before the '='",
    ],
    [() => Properties.load('/no/such.cfg'), 'Cannot read /no/such.cfg: no such file'],
  ])('says what is wrong: %#', (act, message) => {
    expect(act).toThrow(message);
  });
});
