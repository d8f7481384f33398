import { unreachable, type TraceEffect } from '@zookafka/base';
import {
  type SessionOutcome,
  type SessionTimer,
  type WatchEffect,
} from '@zookafka/zookeeper-session';
import {
  type ControlPlane,
  type ControlPlaneEffect,
  type ControlPlaneInput,
} from '../../controlPlane.ts';
import { type MetadataImage } from '../../metadata.ts';
import { BrokerCalls } from './brokerCalls.ts';
import { CallQueue } from './callQueue.ts';
import { Controller } from './controller.ts';
import { MemberLife } from './memberLife.ts';
import { MetadataDeltas } from './metadataDeltas.ts';
import { MetadataReader } from './metadataReader.ts';
import { SessionKeeper, type SessionShellEffect } from './sessionKeeper.ts';
import { TaskRunner } from './taskRunner.ts';
import { znodePlaceOf } from './znodePaths.ts';
import {
  type ZookeeperControlPlaneOptions,
  type ZookeeperTransportEffect,
  type ZookeeperTransportInput,
} from './zookeeperOptions.ts';

/** How long after its election a controller looks first whether preferred replicas lead. */
const rebalanceFirstMs = 5000;

/** Every timer of this control plane has a name that begins so. */
export const zookeeperTimerPrefix = 'zookeeper-';

type Timer = SessionTimer | 'membership' | 'rebalance';

/**
 * A broker's control plane on an ensemble that speaks ZooKeeper's protocol: the one part of a broker that knows znodes,
 * versions and sessions.
 *
 *     SessionKeeper ──replies──► TaskRunner ──► MemberLife (register, campaign)
 *          │                          ├───────► MetadataReader (what brokers know) ──► MetadataDeltas
 *          └────────events───────────►├───────► Controller (while elected)
 *                                     └───────► BrokerCalls (what the broker asks)
 *
 * Every answer that is lost is looked up again after the next connection. When the session ends, the controller resigns
 * before anything of the next session is done.
 */
export class ZookeeperControlPlane implements ControlPlane {
  private readonly options: ZookeeperControlPlaneOptions;
  private readonly deltas = new MetadataDeltas();
  private readonly runner: TaskRunner;
  private readonly keeper: SessionKeeper;
  private readonly reader: MetadataReader;
  private readonly member: MemberLife;
  private readonly controller: Controller;
  private readonly queue: CallQueue;
  private readonly calls: BrokerCalls;

  private nowMs = 0;
  private brokerEpoch = -1;
  private effects: ControlPlaneEffect[] = [];

  constructor(options: ZookeeperControlPlaneOptions) {
    this.options = options;
    this.runner = new TaskRunner((token, request) => {
      this.keeper.request(token, request, this.nowMs);
    });
    this.keeper = this.makeKeeper();
    this.reader = this.makeReader();
    this.controller = this.makeController();
    this.member = this.makeMember();
    this.queue = new CallQueue(this.runner);
    this.calls = this.makeCalls();
  }

  get image(): MetadataImage {
    return this.deltas.image;
  }

  get isController(): boolean {
    return this.controller.epoch !== undefined;
  }

  step(input: ControlPlaneInput, nowMs: number, effects: ControlPlaneEffect[]): void {
    this.nowMs = nowMs;
    this.effects = effects;
    this.take(input);
    const delta = this.deltas.take();
    if (delta !== undefined) effects.push({ kind: 'metadataChanged', delta });
  }

  private take(input: ControlPlaneInput): void {
    switch (input.kind) {
      case 'start':
        this.keeper.start(this.nowMs);
        return;
      case 'transport':
        // The shell hands on what is meant for this control plane only.
        this.keeper.onShell(input.input as ZookeeperTransportInput, this.nowMs);
        return;
      case 'timer':
        this.onTimer(input.timer);
        return;
      case 'alterIsr':
        this.calls.onAlterIsr(input);
        return;
      case 'createTopics':
        this.calls.onCreateTopics(input);
        return;
      case 'deleteTopics':
        this.calls.onDeleteTopics(input);
        return;
      case 'allocateProducerIds':
        this.calls.onAllocateProducerIds(input);
        return;
      case 'stop':
        this.controller.resign('stopped');
        this.keeper.close(this.nowMs);
        return;
      default:
        unreachable(input);
    }
  }

  private onTimer(name: string): void {
    if (!name.startsWith(zookeeperTimerPrefix)) return;
    // Only timers that this control plane has set come back to it.
    const timer = name.slice(zookeeperTimerPrefix.length) as Timer;
    switch (timer) {
      case 'membership':
        this.member.onTimer();
        return;
      case 'rebalance':
        if (!this.isController) return;
        this.controller.onRebalanceDue();
        this.setRebalanceTimer(this.options.rebalanceMs);
        return;
      default:
        this.keeper.onShell({ kind: 'timer', timer }, this.nowMs);
    }
  }

  private setRebalanceTimer(delayMs: number): void {
    if (this.options.rebalanceMs > 0) this.setTimer('rebalance', delayMs);
  }

  private setTimer(timer: Timer, delayMs: number): void {
    this.effects.push({ kind: 'setTimer', timer: zookeeperTimerPrefix + timer, delayMs });
  }

  private transport(effect: ZookeeperTransportEffect): void {
    this.effects.push({ kind: 'transport', effect });
  }

  private readonly trace = (event: string, facts: TraceEffect['facts']): void => {
    this.effects.push({ kind: 'trace', event, facts });
  };

  private makeKeeper(): SessionKeeper {
    const { hosts, sessionTimeoutMs, chroot, prng, storedSession } = this.options;
    const options = { hosts, timeoutMs: sessionTimeoutMs, chroot, prng, stored: storedSession };
    return new SessionKeeper(options, {
      onConnected: ({ sessionId }) => {
        this.runner.onConnected();
        this.reader.start();
        this.member.onConnected(sessionId);
      },
      onDisconnected: () => {
        this.queue.onDisconnected();
        this.member.onDisconnected();
        this.runner.onDisconnected();
      },
      onExpired: () => {
        this.onExpired();
      },
      onClosed: () => {
        this.effects.push({ kind: 'stopped' });
      },
      onReply: (token, outcome) => {
        this.onReply(token, outcome);
      },
      onEvent: (event) => {
        this.onEvent(event);
      },
      onSessionToKeep: (stored) => {
        this.transport({ kind: 'persistSession', stored });
      },
      onShellEffect: (effect) => {
        this.onShellEffect(effect);
      },
      trace: this.trace,
    });
  }

  private onExpired(): void {
    this.controller.resign('session expired');
    this.brokerEpoch = -1;
    this.effects.push({ kind: 'sessionLost' });
    this.queue.onSessionOver();
  }

  private onShellEffect(effect: SessionShellEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        this.setTimer(effect.timer, effect.delayMs);
        return;
      case 'cancelTimer':
        this.effects.push({ kind: 'cancelTimer', timer: zookeeperTimerPrefix + effect.timer });
        return;
      case 'trace':
        // Changes of state are told by the keeper, which knows what they mean for the broker.
        if (effect.event !== 'zookeeperSession') this.effects.push(effect);
        return;
      default:
        this.transport(effect);
    }
  }

  private onReply(token: number, outcome: SessionOutcome): void {
    switch (outcome.kind) {
      case 'ok':
        this.runner.onAnswer(token, { err: 0, response: outcome.response });
        return;
      case 'error':
        this.runner.onAnswer(token, { err: outcome.code, response: null });
        return;
      case 'unknown':
        this.runner.onAnswer(token, null);
        return;
      default:
        unreachable(outcome);
    }
  }

  private onEvent({ type, path }: WatchEffect): void {
    const place = znodePlaceOf(path);
    if (place === undefined) return;
    this.reader.onEvent(type, path);
    this.controller.onChanged(place);
    if (place.kind === 'broker' && place.broker === this.options.broker) {
      this.member.onOwnZnodeChanged(type === 'NodeDeleted');
    }
  }

  private makeReader(): MetadataReader {
    const { deltas } = this;
    return new MetadataReader(
      this.runner,
      {
        onBroker: deltas.onBroker.bind(deltas),
        onBrokersListed: (brokers) => {
          // One-shot watches tell of the parent what was a deletion of this broker's znode.
          if (!brokers.includes(this.options.broker)) this.member.onOwnZnodeChanged(true);
        },
        onController: (broker) => {
          deltas.onController(broker);
          this.onControllerSeen(broker);
        },
        onTopic: deltas.onTopic.bind(deltas),
        onTopicAbsent: deltas.onTopicAbsent.bind(deltas),
        onTopicIdDeleted: deltas.onTopicIdDeleted.bind(deltas),
        onState: deltas.onState.bind(deltas),
        onTopicConfig: deltas.onTopicConfig.bind(deltas),
        onWholeRead: deltas.onWholeRead.bind(deltas),
        trace: this.trace,
      },
      this.options.hasAddWatch,
    );
  }

  private onControllerSeen(broker: number | undefined): void {
    if (broker === this.options.broker) return;
    if (broker !== undefined) this.controller.resign(`broker ${broker} is controller`);
    else this.member.onControllerGone();
  }

  private makeController(): Controller {
    const { rules, hasAddWatch, isUncleanAllowedByDefault, isTopicDeletionAllowed } = this.options;
    const isWatching = !hasAddWatch;
    const options = { rules, isWatching, isUncleanAllowedByDefault, isTopicDeletionAllowed };
    return new Controller(options, {
      runner: this.runner,
      nowMs: () => this.nowMs,
      trace: this.trace,
      onStuck: () => {
        this.member.seekOfficeLater();
      },
    });
  }

  private makeMember(): MemberLife {
    const { endpoints, rack, startedAtMs, hasAddWatch } = this.options;
    const payload = { endpoints, rack, timestampMs: startedAtMs };
    return new MemberLife(
      { ...this.options, payload, isWatching: !hasAddWatch },
      {
        runner: this.runner,
        nowMs: () => this.nowMs,
        sessionBefore: () => this.keeper.sessionBefore,
        setTimer: (delayMs) => {
          this.setTimer('membership', delayMs);
        },
        trace: this.trace,
        onRegistered: (brokerEpoch, clusterId) => {
          this.brokerEpoch = brokerEpoch;
          this.deltas.onClusterId(clusterId);
          this.effects.push({ kind: 'registered', brokerEpoch });
        },
        onReady: () => {
          this.queue.onReady();
        },
        onRefused: (reason) => {
          this.effects.push({ kind: 'refused', reason });
        },
        onElected: (term) => {
          const isNew = this.controller.epoch !== term.epoch;
          this.controller.hold(term);
          if (isNew) this.setRebalanceTimer(Math.min(rebalanceFirstMs, this.options.rebalanceMs));
        },
        onNotElected: () => {
          this.controller.resign('another broker is controller');
        },
      },
    );
  }

  private makeCalls(): BrokerCalls {
    return new BrokerCalls(this.options, {
      calls: this.queue,
      deltas: this.deltas,
      brokerEpoch: () => this.brokerEpoch,
      push: (effect) => {
        this.effects.push(effect);
      },
      onState: (state) => {
        this.reader.onOwnState(state);
      },
    });
  }
}
