import { type Prng } from '@zookafka/base';
import {
  type SessionEffect,
  type SessionInput,
  type StoredSession,
} from '@zookafka/zookeeper-session';
import { type ControllerRules } from '../elections.ts';
import { type BrokerEndpoint } from './brokerPayload.ts';

/** What the control plane of one broker is made of. */
export interface ZookeeperControlPlaneOptions {
  readonly broker: number;
  /** What is advertised. */
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | null;
  /** Wall time at the start in ms: for people who look at znodes, nothing depends on it. */
  readonly startedAtMs: number;
  /** Names of the ensemble's servers, as the shell understands them. */
  readonly hosts: readonly string[];
  /** Prefixed to every path: empty, or a path without a last slash. */
  readonly chroot: string;
  readonly sessionTimeoutMs: number;
  /** The ensemble's tick: a session lasts up to one longer than its timeout. */
  readonly tickMs: number;
  /** What an earlier process of this broker was told to keep, or null. */
  readonly storedSession: StoredSession | null;
  /** Whether the servers know `addWatch` (ours, ZooKeeper from 3.6 on); else watches are one-shot. */
  readonly hasAddWatch: boolean;
  readonly isUncleanAllowedByDefault: boolean;
  readonly isTopicDeletionAllowed: boolean;
  /** Where whoever creates a topic leaves it open. */
  readonly partitionsDefault: number;
  readonly replicationFactorDefault: number;
  /** How often preferred replicas get their leadership back; 0 for never. */
  readonly rebalanceMs: number;
  readonly rules: ControllerRules;
  readonly prng: Prng;
}

/** `effect` of this control plane's `transport` effects: what a shell does for its sessions. */
export type ZookeeperTransportEffect =
  | Extract<SessionEffect, { readonly kind: 'connect' | 'disconnect' | 'send' }>
  /** To be kept where the next process of this broker finds it, and given to it as `storedSession`. */
  | { readonly kind: 'persistSession'; readonly stored: StoredSession };

/** `input` of this control plane's `transport` inputs: what happens to a connection. */
export type ZookeeperTransportInput = Extract<
  SessionInput,
  { readonly kind: 'connected' | 'received' | 'disconnected' }
>;
