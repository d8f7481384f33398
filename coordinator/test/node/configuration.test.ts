import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCoordinatorConfiguration } from '@zookafka/coordinator';
import { temporaryFolder } from '@zookafka/testkit';

const folder = temporaryFolder();

function read(
  lines: readonly string[],
  myid?: string,
): ReturnType<typeof readCoordinatorConfiguration> {
  const path = join(folder(), 'zoo.cfg');
  mkdirSync(join(folder(), 'data'), { recursive: true });
  if (myid !== undefined) writeFileSync(join(folder(), 'data', 'myid'), myid);
  writeFileSync(path, ['dataDir=data', 'clientPort=2181', ...lines, ''].join('\n'));
  return readCoordinatorConfiguration(path);
}

const three = [1, 2, 3].map((id) => `server.${id}=127.0.0.1:288${id}:388${id}`);

describe('a zoo.cfg', () => {
  it('has the defaults of ZooKeeper, and listens on this computer alone', () => {
    expect(read([])).toMatchObject({
      serverId: 1,
      tickMs: 3000,
      initLimitTicks: 10,
      syncLimitTicks: 5,
      clientHost: '127.0.0.1',
      clientPort: 2181,
      sessionTimeoutMsMin: 6000,
      sessionTimeoutMsMax: 60_000,
      connectionsPerAddressMax: 60,
      whitelist: ['srvr'],
      snapCount: 100_000,
      globalOutstandingLimit: 1000,
      juteMaxBuffer: 0xfffff,
      storeMode: 'worker',
      keysUnknown: [],
    });
  });

  it('takes its folder from the place of the file', () => {
    expect(read([]).dataDir).toBe(join(folder(), 'data'));
  });

  it('finds this member among the others by its myid', () => {
    expect(read(three, '2\n')).toMatchObject({
      serverId: 2,
      peers: [1, 2, 3].map((id) => ({
        serverId: id,
        host: '127.0.0.1',
        quorumPort: 2880 + id,
        electionPort: 3880 + id,
      })),
    });
  });

  it('takes the form of 3.5 with a role and a client port, and addresses of version 6', () => {
    const { peers } = read(['server.7=[::1]:2888:3888:participant;2181'], '7');
    expect(peers).toEqual([{ serverId: 7, host: '::1', quorumPort: 2888, electionPort: 3888 }]);
  });

  it('names keys that nothing knows', () => {
    expect(read(['tickTme=2000', 'admin.enableServer=false']).keysUnknown).toEqual([
      'tickTme',
      'admin.enableServer',
    ]);
  });

  it.each<readonly [string, readonly string[], string | undefined, RegExp]>([
    ['no number', ['tickTime=soon'], undefined, /line 3: 'tickTime' is 'soon'.*an integer/],
    ['a port beyond all', ['clientPort=70000'], undefined, /'clientPort' is '70000'.*65535/],
    ['an unknown word', ['4lw.commands.whitelist=srvr,hey'], undefined, /'srvr,hey'.*srvr, /],
    ['a peer without ports', ['server.1=host'], '1', /'server.1' is 'host'.*host:quorumPort/],
    ['a peer with one port', ['server.1=host:1:1'], '1', /two different ports/],
    ['an id that is none', ['server.x=host:1:2'], '1', /'server.x'.*an id from 1 to 255/],
    ['an id too great', ['server.256=host:1:2'], '256', /an id from 1 to 255/],
    ['no myid', three, undefined, /myid is missing.*one of 1, 2, 3/],
    ['an empty myid', three, ' \n', /holds ''/],
    ['a myid of nobody', three, '4', /holds '4', accepted is one of 1, 2, 3/],
    ['bounds crossed', ['minSessionTimeout=9', 'maxSessionTimeout=8'], undefined, /at most max/],
  ])('refuses %s, and says what is accepted', (_, lines, myid, expected) => {
    expect(() => read(lines, myid)).toThrow(expected);
  });

  it('refuses a file that is missing', () => {
    expect(() => readCoordinatorConfiguration(join(folder(), 'none.cfg'))).toThrow(
      /none\.cfg: no such file/,
    );
  });
});
