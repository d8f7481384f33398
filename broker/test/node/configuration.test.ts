import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@zookafka/testkit';
import { type BrokerConfiguration, readBrokerConfiguration } from '../../src/node/configuration.ts';
import { topicSettings } from '../../src/node/logSettings.ts';

const folder = temporaryFolder();
const least = ['broker.id=3', 'log.dirs=log', 'zookeeper.connect=127.0.0.1:2181'];

function read(...lines: readonly string[]): BrokerConfiguration {
  const path = join(folder(), 'server.properties');
  writeFileSync(path, [...least, ...lines].join('\n'));
  return readBrokerConfiguration(path);
}

describe('readBrokerConfiguration', () => {
  it("takes Kafka's defaults where the file says nothing", () => {
    const { core, listen, advertised, zookeeper, sockets, logs } = read();
    expect(core).toMatchObject({ brokerId: 3, numPartitions: 1, replicaLagTimeMaxMs: 30_000 });
    expect(core.offsetsRetentionMs).toBe(604_800_000);
    expect(listen).toEqual({ host: '127.0.0.1', port: 9092 });
    expect(advertised).toEqual(listen);
    expect(zookeeper).toMatchObject({
      transport: 'websocket',
      sessionTimeoutMs: 18_000,
      chroot: '',
    });
    expect(sockets.requestBytesMax).toBe(104_857_600);
    expect(logs.topic).toMatchObject({ segmentBytes: 1_073_741_824, retentionMs: 604_800_000 });
  });

  it('reads the keys of a broker', () => {
    const configuration = read(
      'listeners=PLAINTEXT://0.0.0.0:9093',
      'advertised.listeners=PLAINTEXT://[::1]:9193',
      'zookeeper.connect=a:1,b:2/kafka/one',
      'zookeeper.transport=tcp',
      'num.partitions=7',
      'min.insync.replicas=2',
      'auto.create.topics.enable=false',
      'offsets.retention.minutes=10',
      'log.retention.minutes=2',
      'broker.rack=r1',
    );
    expect(configuration.listen).toEqual({ host: '0.0.0.0', port: 9093 });
    expect(configuration.advertised).toEqual({ host: '::1', port: 9193 });
    expect(configuration.zookeeper).toMatchObject({
      hosts: ['a:1', 'b:2'],
      chroot: '/kafka/one',
      transport: 'tcp',
    });
    expect(configuration.core).toMatchObject({
      numPartitions: 7,
      minInsyncReplicas: 2,
      autoCreateTopics: false,
      offsetsRetentionMs: 600_000,
      rack: 'r1',
    });
    expect(configuration.core.given['num.partitions']).toBe('7');
    expect(configuration.logs.topic.retentionMs).toBe(120_000);
  });

  it('takes relative folders from beside the file, and several', () => {
    const { logDirs, path } = read('log.dirs=one, two');
    expect(logDirs).toEqual([join(path, '..', 'one'), join(path, '..', 'two')]);
  });

  it('names the keys that nothing knows', () => {
    const { keysUnknown, core } = read('num.io.threads=8', 'nmu.partitions=3');
    expect(keysUnknown).toEqual(['num.io.threads', 'nmu.partitions']);
    expect(core.given).not.toHaveProperty('nmu.partitions');
  });

  it.each([
    ['broker.id=-1', "'broker.id' is '-1', accepted is an integer from 0 to 2147483647"],
    ['broker.id=one', "'broker.id' is 'one'"],
    ['num.partitions=0', "'num.partitions' is '0', accepted is an integer from 1"],
    ['listeners=SSL://h:1', 'accepted is one listener, such as PLAINTEXT://127.0.0.1:9092'],
    ['listeners=PLAINTEXT://h:70000', 'accepted is one listener'],
    ['listeners=PLAINTEXT://0.0.0.0:1', 'unless advertised.listeners is set'],
    ['advertised.listeners=PLAINTEXT://0.0.0.0:1', 'an address that clients can connect to'],
    ['zookeeper.connect=/chroot', 'accepted is host:port,host:port/chroot'],
    ['zookeeper.connect=h:99999', 'accepted is host:port,host:port/chroot'],
    [
      'zookeeper.transport=udp',
      "'zookeeper.transport' is 'udp', accepted is one of websocket, tcp",
    ],
    ['log.dirs=a,a', 'one folder or more, each named once'],
    ['delete.topic.enable=yes', "'delete.topic.enable' is 'yes', accepted is true or false"],
    ['log.cleanup.policy=keep', 'accepted is one of delete, compact'],
  ])('refuses %s in one sentence', (line, sentence) => {
    expect(() => read(line)).toThrow(sentence);
  });

  it('says which key is missing', () => {
    const path = join(folder(), 'server.properties');
    writeFileSync(path, 'log.dirs=log\nzookeeper.connect=h:1\n');
    expect(() => readBrokerConfiguration(path)).toThrow("'broker.id' is missing");
  });
});

describe('topicSettings', () => {
  it("puts a topic's own settings over the broker's", () => {
    const { logs } = read('log.retention.bytes=1000');
    const own = { 'segment.bytes': '4096', 'cleanup.policy': 'compact', 'retention.ms': '-1' };
    expect(topicSettings(own, logs)).toMatchObject({
      segmentBytes: 4096,
      retentionMs: -1,
      retentionBytes: 1000,
      isDeleting: false,
    });
  });
});
