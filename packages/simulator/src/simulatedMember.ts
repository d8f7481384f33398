import { ByteWriter } from '@zookafka/base';
import {
  Member,
  type MemberConfig,
  type MemberEffect,
  type MemberInput,
  type MemberRules,
} from '@zookafka/coordinator/core';
import { type RoleEffect, type ZabRules } from '@zookafka/zab';
import {
  decodeConnectRequest,
  decodePeerMessages,
  decodeRequestFrame,
  type ElectionNotification,
  encodePeerMessage,
  FrameSplitter,
  type LearnerMessage,
  writeConnectResponseFrame,
  writeEventFrame,
  writeReplyFrame,
} from '@zookafka/zookeeper-wire';
import { type DiskEffect } from './diskState.ts';
import { type Network, type StreamEnd, type StreamPort } from './network.ts';
import { SimulatedNode } from './simulatedNode.ts';
import { SimulatedStore, type StoreOwner } from './simulatedStore.ts';
import { type Swarm } from './swarm.ts';
import { type World } from './world.ts';

/** Told what a member does, as it does it. */
export interface MemberObserver {
  onStart(member: SimulatedMember): void;
  onRole(member: SimulatedMember, role: RoleEffect): void;
  onTrace(member: SimulatedMember, event: string, facts: Readonly<Record<string, unknown>>): void;
  onDiskEffect(member: SimulatedMember, effect: DiskEffect): void;
  onSend(member: SimulatedMember, message: LearnerMessage): void;
  afterStep(member: SimulatedMember): void;
}

/** What a simulated member is made of. */
export interface SimulatedMemberParts {
  readonly world: World;
  readonly network: Network;
  readonly swarm: Swarm;
  readonly serverId: number;
  readonly members: () => readonly SimulatedMember[];
  readonly checks: MemberObserver;
  readonly rules: MemberRules;
  readonly zabRules: ZabRules;
}

interface Connection {
  readonly port: StreamPort<Uint8Array>;
  readonly splitter: FrameSplitter;
  isGreeted: boolean;
}

const simulatedTickMs = 500;

/** A member as a process: its machine, its disk, its links; every message goes through the real codecs. */
export class SimulatedMember extends SimulatedNode<MemberInput, MemberEffect> {
  readonly serverId: number;
  readonly store: SimulatedStore;
  member: Member | undefined;
  private readonly parts: SimulatedMemberParts;
  private links = new Map<number, StreamPort<Uint8Array>>();
  private connections = new Map<number, Connection>();
  private readonly storeOwner: StoreOwner = {
    schedule: (delayMs, run) => {
      this.later(delayMs, run);
    },
    answer: (answer) => {
      this.feed(answer);
    },
  };
  private linkNext = 1;
  private connectionNext = 1;

  constructor(parts: SimulatedMemberParts) {
    super(parts.world, `coordinator-${parts.serverId}`);
    this.parts = parts;
    this.serverId = parts.serverId;
    this.store = new SimulatedStore(parts.world.chanceFor(), parts.swarm);
  }

  start(): void {
    const { recovered, tree } = this.store.recover();
    const { rules, zabRules, checks } = this.parts;
    const voters = this.parts.members().map(({ serverId }) => serverId);
    const config = memberConfig(this.serverId, voters);
    this.member = new Member({ config, recovered, tree, rules, zabRules });
    this.links = new Map();
    this.connections = new Map();
    checks.onStart(this);
    this.begin(this.member);
    this.feed({ kind: 'start', wallMs: this.world.wallMs });
    for (const other of this.parts.members()) {
      if (other !== this) other.feed({ kind: 'voteLinkUp', peer: this.serverId });
    }
  }

  /** The process dies: what it wrote stays. */
  kill(): void {
    this.store.kill();
    this.die();
  }

  /** Its machine goes dark: what was not synced is lost. */
  powerCut(): void {
    this.store.powerCut();
    this.die();
  }

  private die(): void {
    this.end();
    this.member = undefined;
    this.parts.network.closeOf(this.name);
  }

  /** A client connects: gives the member's end of the stream. */
  accept(port: StreamPort<Uint8Array>): StreamEnd<Uint8Array> | undefined {
    if (!this.isUp) return undefined;
    const id = this.connectionNext++;
    const connection: Connection = { port, splitter: new FrameSplitter(1 << 22), isGreeted: false };
    this.connections.set(id, connection);
    const { life } = this;
    return {
      onMessage: (bytes) => {
        if (life === this.life)
          this.whenRunning(() => {
            if (life === this.life) this.onBytes(id, connection, bytes);
          });
      },
      onClose: () => {
        this.connections.delete(id);
        if (life === this.life) this.feed({ kind: 'clientClosed', connection: id });
      },
    };
  }

  protected timerInput(timer: string): MemberInput {
    return { kind: 'timer', timer } as MemberInput;
  }

  protected afterStep(): void {
    this.parts.checks.afterStep(this);
  }

  protected traced(event: string, facts: Readonly<Record<string, unknown>>): void {
    this.parts.checks.onTrace(this, event, facts);
  }

  protected perform(effect: MemberEffect): void {
    switch (effect.kind) {
      case 'sendNotification':
        this.notify(effect.to, effect.notification);
        return;
      case 'openLink':
        this.openLink(effect.to);
        return;
      case 'send':
        this.send(effect.link, effect.message);
        return;
      case 'closeLink':
        this.links.get(effect.link)?.close();
        this.links.delete(effect.link);
        return;
      case 'wantContinue':
        this.later(1, () => {
          this.feed({ kind: 'continue' });
        });
        return;
      case 'role':
        this.parts.checks.onRole(this, effect);
        return;
      case 'setTimer':
      case 'cancelTimer':
      case 'trace':
        return;
      default:
        if ('connection' in effect) this.performClient(effect);
        else this.performDisk(effect);
    }
  }

  private notify(to: number, notification: ElectionNotification): void {
    const other = this.parts.members().find(({ serverId }) => serverId === to);
    if (other === undefined) return;
    this.parts.network.datagram(this, other, () => {
      other.feed({ kind: 'notification', from: this.serverId, notification });
    });
  }

  private performDisk(effect: DiskEffect): void {
    this.parts.checks.onDiskEffect(this, effect);
    this.store.submit(effect, this.storeOwner);
  }

  private openLink(to: number): void {
    const other = this.parts.members().find(({ serverId }) => serverId === to);
    if (other === undefined) return;
    const { life } = this;
    const refuse = (): void => {
      if (life === this.life) this.feed({ kind: 'linkRefused', serverId: to });
    };
    const here = this.linkNext++;
    this.parts.network.open<Uint8Array>({
      from: this,
      to: other,
      end: this.linkEnd(here, life),
      accept: (port) => other.acceptLink(port, this.serverId),
      onOpen: (port) => {
        if (life !== this.life) return;
        this.links.set(here, port);
        this.feed({ kind: 'linkOpened', link: here, serverId: to, outgoing: true });
      },
      onRefused: refuse,
    });
  }

  private acceptLink(
    port: StreamPort<Uint8Array>,
    from: number,
  ): StreamEnd<Uint8Array> | undefined {
    if (!this.isUp) return undefined;
    const link = this.linkNext++;
    this.links.set(link, port);
    this.feed({ kind: 'linkOpened', link, serverId: from, outgoing: false });
    return this.linkEnd(link, this.life);
  }

  private linkEnd(link: number, life: number): StreamEnd<Uint8Array> {
    return {
      onMessage: (bytes) => {
        if (life !== this.life) return;
        for (const message of decodePeerMessages(bytes)) {
          this.feed({ kind: 'linkMessage', link, message: message as LearnerMessage });
        }
      },
      onClose: () => {
        if (life !== this.life) return;
        this.links.delete(link);
        this.feed({ kind: 'linkClosed', link });
      },
    };
  }

  private send(link: number, message: LearnerMessage): void {
    this.parts.checks.onSend(this, message);
    const writer = new ByteWriter();
    encodePeerMessage(writer, message);
    this.links.get(link)?.send(writer.finish());
  }

  private onBytes(id: number, connection: Connection, bytes: Uint8Array): void {
    const frames: Uint8Array[] = [];
    connection.splitter.push(bytes, frames);
    const { wallMs } = this.world;
    for (const frame of frames) {
      if (!connection.isGreeted) {
        connection.isGreeted = true;
        this.feed({ kind: 'clientConnected', connection: id, address: '127.0.0.1' });
        const request = decodeConnectRequest(frame);
        this.feed({ kind: 'connectRequest', connection: id, request, wallMs });
        continue;
      }
      const { header, request } = decodeRequestFrame(frame);
      this.feed({ kind: 'clientRequest', connection: id, xid: header.xid, request, frame, wallMs });
    }
  }

  private performClient(effect: Extract<MemberEffect, { readonly connection: number }>): void {
    const connection = this.connections.get(effect.connection);
    if (connection === undefined) return;
    const writer = new ByteWriter();
    if (effect.kind === 'connectResponse') writeConnectResponseFrame(writer, effect.response);
    else if (effect.kind === 'reply') writeReplyFrame(writer, effect.reply);
    else if (effect.kind === 'event') writeEventFrame(writer, effect.event, effect.zxid);
    else if (effect.kind === 'closeConnection') {
      this.connections.delete(effect.connection);
      // What was sent before is still on its way: the end comes behind it.
      this.later(50, () => {
        connection.port.close();
      });
      return;
    }
    if (writer.length > 0) connection.port.send(writer.finish());
  }
}

function memberConfig(serverId: number, voters: readonly number[]): MemberConfig {
  return {
    zab: {
      serverId,
      ensembleId: 'simulated',
      voters,
      tickMs: simulatedTickMs,
      initLimitTicks: 10,
      syncLimitTicks: 5,
      committedLogCountMax: 200,
      committedLogBytesMax: 1 << 20,
      pinnedLogBytesMax: 16 << 20,
      finalizeWaitMs: 50,
      resendMsMin: 100,
      resendMsMax: 2000,
      connectAttemptsMax: 5,
      connectRetryMs: 50,
    },
    sessionTimeoutMsMin: 2 * simulatedTickMs,
    sessionTimeoutMsMax: 20 * simulatedTickMs,
    outstandingRequestsMax: 1000,
    snapCount: 400,
    snapshotSliceNodesMax: 50,
    snapshotSliceBytesMax: 1 << 16,
    skipAcl: false,
    sha1Base64: () => '',
    superDigest: null,
    admin: {
      version: 'simulated',
      builtOn: '01/01/2026 00:00 GMT',
      whitelist: ['*'],
      configuration: [],
    },
  };
}
