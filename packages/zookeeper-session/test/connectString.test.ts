import { clientPath, parseConnectString, serverPath } from '../src/index.ts';

describe('a connect string', () => {
  it.each([
    ['a:1', ['a:1'], ''],
    ['a:1, b:2,c:3/kafka', ['a:1', 'b:2', 'c:3'], '/kafka'],
    ['a:1/', ['a:1'], ''],
    ['a:1/kafka/deep', ['a:1'], '/kafka/deep'],
  ])('%s names hosts and a chroot', (text, hosts, chroot) => {
    expect(parseConnectString(text)).toEqual({ hosts, chroot });
  });

  it.each(['', ' , ', '/kafka', 'a:1/kafka/', 'a:1//kafka'])('"%s" is refused', (text) => {
    expect(() => parseConnectString(text)).toThrow('Cannot connect to');
  });
});

describe('the paths of a chroot', () => {
  it.each([
    ['/k', '/', '/k'],
    ['/k', '/a', '/k/a'],
    ['', '/a', '/a'],
  ])('under "%s" are mapped both ways: %s is %s', (chroot, client, server) => {
    expect(serverPath(chroot, client)).toBe(server);
    expect(clientPath(chroot, server)).toBe(client);
  });

  it('leave alone what is outside', () => {
    expect(clientPath('/k', '/kafka/a')).toBe('/kafka/a');
  });
});
