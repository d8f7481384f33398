import { integerOf, integersOf, jsonDecode, jsonEncode } from './json.ts';

/** What `/brokers/topics/T/partitions/P/state` holds. */
export interface StatePayload {
  /** -1 when nobody leads, -2 while the topic is being deleted. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly controllerEpoch: number;
  /** Never empty: the last member stays, even dead. Its order means nothing and is kept. */
  readonly isr: readonly number[];
  /** Whether the leader was elected from outside the ISR and has not recovered yet. */
  readonly isRecovering: boolean;
}

/** @returns the state in version 1 of its layout */
export function encodeState(state: StatePayload): Uint8Array {
  return jsonEncode({
    controller_epoch: state.controllerEpoch,
    leader: state.leader,
    version: 1,
    leader_epoch: state.leaderEpoch,
    isr: state.isr,
    leader_recovery_state: state.isRecovering ? 1 : undefined,
  });
}

/** @returns undefined when it is no state */
export function decodeState(bytes: Uint8Array | null): StatePayload | undefined {
  const json = jsonDecode(bytes);
  if (json === undefined) return undefined;
  const leader = integerOf(json['leader']);
  const leaderEpoch = integerOf(json['leader_epoch']);
  const isr = integersOf(json['isr']);
  if (leader === undefined || leaderEpoch === undefined || isr === undefined) return undefined;
  return {
    leader,
    leaderEpoch,
    controllerEpoch: integerOf(json['controller_epoch']) ?? -1,
    isr,
    isRecovering: json['leader_recovery_state'] === 1,
  };
}
