import { utf8Decode, utf8Encode } from '@zookafka/base';
import {
  decodeBroker,
  encodeBroker,
  endpointClash,
} from '../../src/core/controlPlane/zookeeper/brokerPayload.ts';
import {
  decodeClusterId,
  decodeController,
  decodeControllerEpoch,
  decodeProducerIdBlock,
  encodeClusterId,
  encodeConfigChange,
  encodeController,
  encodeControllerEpoch,
  encodeDeletedTopicId,
  encodeProducerIdBlock,
} from '../../src/core/controlPlane/zookeeper/smallPayloads.ts';
import { decodeState, encodeState } from '../../src/core/controlPlane/zookeeper/statePayload.ts';
import {
  decodeConfig,
  decodeTopic,
  encodeConfig,
  encodeTopic,
} from '../../src/core/controlPlane/zookeeper/topicPayload.ts';
import { znodePathOf, znodePlaceOf } from '../../src/core/controlPlane/zookeeper/znodePaths.ts';

const endpoints = [
  { listener: 'INSIDE', host: '::1', port: 9093, securityProtocol: 'SSL' },
  { listener: 'OUTSIDE', host: 'example.org', port: 9092, securityProtocol: 'PLAINTEXT' },
];
const topicId = 'AAAAAAAAQACAAAAAAAAAAQ';
const state = { leader: 2, leaderEpoch: 7, controllerEpoch: 3, isr: [3, 2], isRecovering: false };

describe('znodes are written as Kafka writes them', () => {
  it.each([
    [
      '/brokers/ids/N',
      encodeBroker({ endpoints, rack: 'r1', timestampMs: 17 }),
      '{"version":5,"host":"example.org","port":9092,"endpoints":["INSIDE://[::1]:9093","OUTSIDE://example.org:9092"],"jmx_port":-1,"timestamp":"17","rack":"r1","listener_security_protocol_map":{"INSIDE":"SSL","OUTSIDE":"PLAINTEXT"},"features":{}}',
    ],
    [
      '/brokers/ids/N without a PLAINTEXT endpoint',
      encodeBroker({ endpoints: endpoints.slice(0, 1), rack: null, timestampMs: 17 }),
      '{"version":5,"host":null,"port":-1,"endpoints":["INSIDE://[::1]:9093"],"jmx_port":-1,"timestamp":"17","listener_security_protocol_map":{"INSIDE":"SSL"},"features":{}}',
    ],
    [
      '/controller',
      encodeController(4, 17),
      '{"version":2,"brokerid":4,"timestamp":"17","kraftControllerEpoch":-1}',
    ],
    ['/controller_epoch', encodeControllerEpoch(12), '12'],
    [
      '/brokers/topics/T',
      encodeTopic({
        topicId,
        replicas: [
          [1, 2],
          [2, 3],
        ],
      }),
      `{"adding_replicas":{},"removing_replicas":{},"version":3,"topic_id":"${topicId}","partitions":{"0":[1,2],"1":[2,3]}}`,
    ],
    [
      '.../state',
      encodeState(state),
      '{"controller_epoch":3,"leader":2,"version":1,"leader_epoch":7,"isr":[3,2]}',
    ],
    [
      '.../state of a recovering leader',
      encodeState({ ...state, isRecovering: true }),
      '{"controller_epoch":3,"leader":2,"version":1,"leader_epoch":7,"isr":[3,2],"leader_recovery_state":1}',
    ],
    [
      '/config/topics/T',
      encodeConfig(new Map([['retention.ms', '5']])),
      '{"version":1,"config":{"retention.ms":"5"}}',
    ],
    [
      '/config/changes/...',
      encodeConfigChange('topics/t'),
      '{"version":2,"entity_path":"topics/t"}',
    ],
    ['/cluster/id', encodeClusterId(topicId), `{"version":"1","id":"${topicId}"}`],
    [
      '/latest_producer_id_block',
      encodeProducerIdBlock({ broker: 1, first: 1000, last: 1999 }),
      '{"version":1,"broker":1,"block_start":"1000","block_end":"1999"}',
    ],
    ['/admin/deleted_topic_ids/ID', encodeDeletedTopicId('t'), '{"version":1,"topic":"t"}'],
  ])('%s', (_, bytes, text) => {
    expect(utf8Decode(bytes)).toBe(text);
  });
});

describe('znodes that others wrote are read with patience', () => {
  it('reads back what it wrote', () => {
    const broker = { endpoints, rack: 'r1', timestampMs: 17 };
    expect(decodeBroker(encodeBroker(broker))).toEqual(broker);
    expect(decodeState(encodeState(state))).toEqual(state);
    expect(decodeController(encodeController(4, 17))).toBe(4);
    expect(decodeControllerEpoch(encodeControllerEpoch(12))).toBe(12);
    expect(decodeClusterId(encodeClusterId(topicId))).toBe(topicId);
    const topic = { topicId, replicas: [[1], [2]] };
    expect(decodeTopic(encodeTopic(topic))).toEqual(topic);
    const block = { broker: 1, first: 0, last: 999 };
    expect(decodeProducerIdBlock(encodeProducerIdBlock(block))).toEqual(block);
  });

  it('reads registrations of old brokers, which have no endpoints', () => {
    const old = utf8Encode('{"version":1,"host":"h","port":9092,"jmx_port":-1,"timestamp":"1"}');
    expect(decodeBroker(old)?.endpoints).toEqual([
      { listener: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 'PLAINTEXT' },
    ]);
  });

  it('reads topics of version 1, which have no id', () => {
    const old = utf8Encode('{"version":1,"partitions":{"1":[2],"0":[1]}}');
    expect(decodeTopic(old)).toEqual({ topicId: null, replicas: [[1], [2]] });
  });

  it('K21: keeps fields that it does not know when it writes a topic anew', () => {
    const before = utf8Encode(`{"version":3,"topic_id":"${topicId}","partitions":{},"later":1}`);
    const bytes = encodeTopic({ topicId: null, replicas: [[1]] }, before);
    const after: unknown = JSON.parse(utf8Decode(bytes));
    expect(after).toMatchObject({ later: 1, topic_id: topicId, partitions: { 0: [1] } });
  });

  it.each(['', 'null', '[]', '{', '17', '{"version":1}', '{"partitions":{"1":[1]}}', '\u0000'])(
    'finds nothing in %j, and does not fail',
    (text) => {
      const bytes = utf8Encode(text);
      expect(decodeBroker(bytes)).toBeUndefined();
      expect(decodeTopic(bytes)).toBeUndefined();
      expect(decodeState(bytes)).toBeUndefined();
      expect(decodeController(bytes)).toBeUndefined();
      expect(decodeClusterId(bytes)).toBeUndefined();
      expect(decodeConfig(bytes).size).toBe(0);
    },
  );

  it('tells a block of producer ids that was never taken from one that cannot be read', () => {
    expect(decodeProducerIdBlock(null)).toBeNull();
    expect(decodeProducerIdBlock(utf8Encode('{"version":1}'))).toBeUndefined();
  });

  it('finds the address that another broker advertises too', () => {
    const other = { listener: 'X', host: 'example.org', port: 9092, securityProtocol: 'SSL' };
    expect(endpointClash(endpoints, [other])).toBe(endpoints[1]);
    expect(endpointClash(endpoints, [{ ...other, port: 1 }])).toBeUndefined();
  });
});

describe('paths', () => {
  it.each([
    '/brokers/ids',
    '/brokers/ids/3',
    '/brokers/topics',
    '/brokers/topics/a.b-c_d',
    '/brokers/topics/t/partitions/12/state',
    '/config/topics',
    '/config/topics/t',
    '/controller',
    '/admin/delete_topics',
    '/admin/delete_topics/t',
    '/admin/deleted_topic_ids',
    `/admin/deleted_topic_ids/${topicId}`,
  ])('%s has a place, and the place that path', (path) => {
    const place = znodePlaceOf(path);
    expect(place === undefined ? undefined : znodePathOf(place)).toBe(path);
  });

  it.each([
    '/',
    '/brokers',
    '/brokers/ids/x',
    '/brokers/ids/01',
    '/brokers/topics/t/partitions',
    '/brokers/topics/t/partitions/x/state',
    '/other/topics/t/partitions/1/state',
    '/config/brokers/1',
  ])('%s has none', (path) => {
    expect(znodePlaceOf(path)).toBeUndefined();
  });
});
