import {
  groupMembersText,
  groupOffsetsText,
  groupStatesText,
  groupStateText,
  lagOf,
} from '../src/output/groupsOutput.ts';
import { describeTopicText } from '../src/output/topicsOutput.ts';

describe('topics --describe', () => {
  it("prints Kafka's own layout, to the tab", () => {
    const text = describeTopicText({
      name: 'T',
      topicId: 'fMCL8kv1SWm87L_Md-I2hg',
      configs: [
        ['cleanup.policy', 'compact'],
        ['min.insync.replicas', '2'],
      ],
      partitions: [
        { partition: 0, leader: 1, replicas: [1, 2, 3], isr: [1, 2] },
        { partition: 1, leader: -1, replicas: [2, 3, 1], isr: [2] },
      ],
    });
    expect(text.split('\n')).toEqual([
      'Topic: T\tTopicId: fMCL8kv1SWm87L_Md-I2hg\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: cleanup.policy=compact,min.insync.replicas=2',
      '\tTopic: T\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2\tElr: N/A\tLastKnownElr: N/A',
      '\tTopic: T\tPartition: 1\tLeader: none\tReplicas: 2,3,1\tIsr: 2\tElr: N/A\tLastKnownElr: N/A',
    ]);
  });
});

describe('groups --describe', () => {
  const row = {
    group: 'g',
    topic: 't',
    partition: 0,
    currentOffset: 3,
    logEndOffset: 10,
    consumerId: 'consumer-g-1-0f9e',
    host: '/127.0.0.1',
    clientId: 'consumer-g-1',
  };

  it('prints offsets and lag with a line break before each row', () => {
    expect(
      groupOffsetsText([row, { ...row, currentOffset: undefined, consumerId: undefined }]),
    ).toBe(
      [
        '',
        'GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID       HOST            CLIENT-ID',
        'g               t               0          3               10              7               consumer-g-1-0f9e /127.0.0.1      consumer-g-1',
        'g               t               0          -               10              -               -                 /127.0.0.1      consumer-g-1',
        '',
      ].join('\n'),
    );
    expect(lagOf(row)).toBe(7);
  });

  it('prints members with their partitions a topic', () => {
    const member = {
      group: 'g',
      consumerId: 'c-1',
      groupInstanceId: undefined,
      host: '/127.0.0.1',
      clientId: 'c',
      assignment: [[0, 1], [2]],
    };
    expect(groupMembersText([member], true)).toBe(
      [
        '',
        'GROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS     ASSIGNMENT',
        'g               c-1             /127.0.0.1      c               3               (0,1), (2)',
      ].join('\n'),
    );
  });

  it('prints the state with two spaces before the coordinator id', () => {
    const text = groupStateText({
      group: 'g',
      coordinator: { address: '127.0.0.1:9092', id: 1 },
      assignmentStrategy: 'range',
      state: 'Stable',
      members: 1,
    });
    expect(text.split('\n')[2]).toBe(
      'g                         127.0.0.1:9092  (1)       range                Stable          1',
    );
  });
  it('lists groups with their states in two columns', () => {
    expect(
      groupStatesText([
        { group: 'ga', state: 'Stable' },
        { group: 'gb', state: 'Empty' },
      ]).split('\n'),
    ).toEqual([
      'GROUP                     STATE               ',
      'ga                        Stable              ',
      'gb                        Empty               ',
    ]);
  });
});
