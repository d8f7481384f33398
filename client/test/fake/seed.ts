import { type ClientRules } from '../../src/core/index.ts';
import { FakeClient, producerOptions } from './fakeClient.ts';
import { FakeCluster } from './fakeCluster.ts';
import { World } from './world.ts';

const partitionCount = 2;
const recordCount = 120;
const settleMsMax = 120_000;
/** A batch of one record of these seeds is smaller. */
const batchBytesMin = 80;

/** What one seed did. */
export interface SeedReport {
  readonly delivered: number;
  readonly notDelivered: number;
  readonly moves: number;
  readonly cuts: number;
  /** Batches that were refused because of their size. */
  readonly tooLarge: number;
}

/**
 * One producer and a cluster whose leaders move, whose connections break before and after requests are carried out, whose
 * answers are late or come twice, and whose batches may be of another size at times.
 *
 * @throws {Error} which rule was broken
 */
export function runSeed(seed: number, rules?: ClientRules): SeedReport {
  const world = new World(seed);
  const { prng } = world;
  const chance = (permille: number): boolean => prng.below(1000) < permille;
  const cluster = new FakeCluster(world);
  cluster.addTopic('t', partitionCount);
  const deliveryTimeoutMs = chance(300) ? 1500 : 20_000;
  const client = new FakeClient(cluster, {
    producer: {
      ...producerOptions,
      lingerMs: prng.below(20),
      batchBytesMax: 300,
      deliveryTimeoutMs,
    },
    ...(rules === undefined ? {} : { rules }),
  });
  let isStormy = true;
  let [moves, cuts] = [0, 0];
  cluster.replicationMs = () => (isStormy && chance(50) ? 1500 : prng.below(30));
  const cutting = (): boolean => {
    const isCut = isStormy && chance(15);
    if (isCut) cuts++;
    return isCut;
  };
  client.weather = {
    delayMs: () => (isStormy && chance(30) ? 1200 : 1 + prng.below(10)),
    cutsBefore: cutting,
    cutsAfter: cutting,
    doubles: () => isStormy && chance(5),
  };
  const hasSizes = chance(400);
  const sent: { readonly token: number; readonly value: string; readonly partition: number }[] = [];
  for (let index = 0; index < recordCount; index++) {
    const partition = prng.below(partitionCount);
    const value = `v${index}`;
    sent.push({ token: client.produce(value, partition), value, partition });
    world.run(prng.below(hasSizes ? 15 : 60));
    if (chance(40)) {
      moves++;
      const leader = 1 + prng.below(cluster.brokerIds.length);
      cluster.move('t', prng.below(partitionCount), { leader, isCut: chance(500) });
    }
    if (hasSizes && chance(200)) {
      const { log } = cluster.partition('t', prng.below(partitionCount));
      log.batchBytesMax = chance(300) ? Infinity : batchBytesMin + prng.below(60);
    }
  }
  isStormy = false;
  world.until(
    'every record ended',
    () => sent.every(({ token }) => client.hasEnded(token)),
    settleMsMax,
  );
  check(client, cluster, sent);
  const delivered = client.of('delivered').length;
  let tooLarge = 0;
  for (let index = 0; index < partitionCount; index++)
    tooLarge += cluster.partition('t', index).log.tooLargeCount;
  return { delivered, notDelivered: recordCount - delivered, moves, cuts, tooLarge };
}

function check(
  client: FakeClient,
  cluster: FakeCluster,
  sent: readonly { readonly token: number; readonly value: string; readonly partition: number }[],
): void {
  const ends = [...client.of('delivered'), ...client.of('notDelivered')];
  if (ends.length !== new Set(ends.map(({ token }) => token)).size)
    throw new Error('a record ended twice');
  const offsets = new Map(client.of('delivered').map(({ token, offset }) => [token, offset]));
  const unknown = new Map(client.of('notDelivered').map((one) => [one.token, one.isUnknown]));
  for (let partition = 0; partition < partitionCount; partition++) {
    const { values } = cluster.partition('t', partition).log;
    if (values.length !== new Set(values).size)
      throw new Error(`doubled in partition ${partition}`);
    let last = -1;
    for (const record of sent) {
      if (record.partition !== partition) continue;
      const at = values.indexOf(record.value);
      const offset = offsets.get(record.token);
      if (offset !== undefined && at === -1)
        throw new Error(`acknowledged and lost: ${record.value}`);
      if (offset !== undefined && offset !== -1 && at !== offset) {
        throw new Error(`acknowledged at another offset: ${record.value}`);
      }
      if (at !== -1 && unknown.get(record.token) === false) {
        throw new Error(`said not to be written, and is: ${record.value}`);
      }
      if (at === -1) continue;
      if (at < last) throw new Error(`out of order: ${record.value}`);
      last = at;
    }
  }
}
