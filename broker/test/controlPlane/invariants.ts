import { noSession, sameSession, sessionIdText, type SessionId } from '@zookafka/zookeeper-wire';
import { type FakeChange } from './fakeTree.ts';
import { type Host, type World } from './world.ts';

interface State {
  readonly leader: number;
  readonly leader_epoch: number;
  readonly controller_epoch: number;
  readonly isr: readonly number[];
}

/**
 * Watches every transaction of a world's ensemble: K10 one leader an epoch, K11 only the elected controller elects, K15
 * what an ISR may be. Each breach is a sentence.
 */
export class Invariants {
  readonly breaches: string[] = [];
  elections = 0;
  isrChanges = 0;
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
    world.ensemble.onTransaction = (changes, session) => {
      for (const change of changes) this.look(change, session);
    };
  }

  private look({ path, before, after, type }: FakeChange, session: SessionId): void {
    if (type === 'NodeDeleted') return;
    if (path === '/controller_epoch' && before !== null) {
      const [was, is] = [Number(textOf(before)), Number(textOf(after))];
      this.claim(is === was + 1, `K11: the controller epoch went from ${was} to ${is}`);
      const holder = this.world.ensemble.tree.znodes.get('/controller');
      const isHolder = sameSession(holder?.stat.ephemeralOwner ?? noSession, session);
      this.claim(isHolder, 'K11: the controller epoch was written by who is not controller');
    }
    const found = /^\/brokers\/topics\/([^/]+)\/partitions\/(\d+)\/state$/.exec(path);
    if (found === null || after === null) return;
    const is = JSON.parse(textOf(after)) as State;
    const was = before === null ? undefined : (JSON.parse(textOf(before)) as State);
    const name = `${found[1]}-${found[2]}`;
    this.lookAtIsr(name, this.replicas(found[1] as string, Number(found[2])), is);
    if (is.leader_epoch !== was?.leader_epoch) {
      this.lookAtElection(name, was, is);
    } else this.lookAtLeadersWrite(name, { was, is, session });
  }

  private lookAtIsr(name: string, replicas: readonly number[], { leader, isr }: State): void {
    this.claim(isr.length > 0, `K15: the ISR of ${name} is empty`);
    this.claim(new Set(isr).size === isr.length, `K15: the ISR of ${name} has a broker twice`);
    const isInside = isr.every((broker) => replicas.includes(broker));
    this.claim(isInside, `K15: the ISR ${isr.join()} of ${name} is not of its replicas`);
    const isLed = leader === -1 || isr.includes(leader);
    this.claim(isLed, `K15: the leader ${leader} of ${name} is not in the ISR ${isr.join()}`);
  }

  private lookAtElection(name: string, was: State | undefined, is: State): void {
    this.elections++;
    const epoch = Number(this.world.ensemble.tree.text('/controller_epoch'));
    this.claim(
      is.controller_epoch === epoch,
      `K11: controller epoch ${is.controller_epoch} elected for ${name} in epoch ${epoch}`,
    );
    if (was === undefined) return;
    this.claim(
      is.leader_epoch === was.leader_epoch + 1,
      `K10: the leader epoch of ${name} went from ${was.leader_epoch} to ${is.leader_epoch}`,
    );
    this.claim(
      is.leader === -1 || was.isr.includes(is.leader),
      `K15: ${is.leader} was elected for ${name} from outside the ISR ${was.isr.join()}`,
    );
    this.claim(
      is.isr.every((broker) => was.isr.includes(broker)),
      `K15: the controller made the ISR of ${name} ${is.isr.join()} from ${was.isr.join()}`,
    );
  }

  private lookAtLeadersWrite(
    name: string,
    { was, is, session }: { was: State; is: State; session: SessionId },
  ): void {
    this.isrChanges++;
    this.claim(
      is.leader === was.leader,
      `K10: leader ${was.leader} of ${name} became ${is.leader} in one leader epoch`,
    );
    const leader = this.world.ensemble.tree.znodes.get(`/brokers/ids/${is.leader}`);
    const isLeader = sameSession(leader?.stat.ephemeralOwner ?? noSession, session);
    this.claim(
      isLeader,
      `K10: the state of ${name} was written by session ${sessionIdText(session)}, not its leader`,
    );
  }

  /** After everything healed. K22: all know what the tree says, and whoever can lead does. */
  lookAtPeace(): void {
    const { tree } = this.world.ensemble;
    const live = this.world.hosts.filter((host) => host.isUp);
    for (const host of live) {
      const registered = tree.znodes.get(`/brokers/ids/${host.broker}`)?.stat.czxid;
      this.claim(registered === host.brokerEpoch, `K12: broker ${host.broker} is not registered`);
    }
    const controllers = live.filter((host) => host.plane?.isController === true);
    this.claim(controllers.length === 1, `K11: ${controllers.length} brokers are controller`);
    for (const topic of tree.children('/brokers/topics')) {
      for (const partition of this.assignment(topic).keys()) {
        this.lookAtPartition(topic, partition, live);
      }
    }
  }

  private lookAtPartition(topic: string, partition: number, live: readonly Host[]): void {
    const path = `/brokers/topics/${topic}/partitions/${partition}/state`;
    const znode = this.world.ensemble.tree.znodes.get(path);
    const name = `${topic}-${partition}`;
    this.claim(znode !== undefined, `K22: ${name} has no state`);
    if (znode === undefined) return;
    const state = JSON.parse(textOf(znode.data)) as State;
    const leader = live.find(({ broker }) => broker === state.leader);
    const canBeLed = state.isr.some((broker) => live.some((host) => host.broker === broker));
    this.claim(
      !canBeLed || leader !== undefined,
      `K22: ${name} is led by ${state.leader}, though of its ISR ${state.isr.join()} some live`,
    );
    this.claim(
      leader === undefined || leader.brokerEpoch < znode.stat.mzxid,
      `K22: broker ${state.leader} may not lead ${name}: the state is older than its registration`,
    );
    for (const host of live) {
      const seen = host.state(topic, partition);
      this.claim(
        seen?.stateZxid === znode.stat.mzxid && seen.partitionEpoch === znode.stat.version,
        `K22: broker ${host.broker} does not know the state of ${name}`,
      );
    }
  }

  private replicas(topic: string, partition: number): readonly number[] {
    return this.assignment(topic)[partition] ?? [];
  }

  private assignment(topic: string): readonly (readonly number[])[] {
    const json = this.world.ensemble.tree.json(`/brokers/topics/${topic}`);
    return Object.values((json?.['partitions'] ?? {}) as Record<string, number[]>);
  }

  private claim(holds: boolean, sentence: string): void {
    if (!holds) this.breaches.push(`${this.world.nowMs} ms: ${sentence}`);
  }
}

function textOf(data: Uint8Array | null): string {
  return Buffer.from(data ?? []).toString();
}
