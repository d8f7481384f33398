/** Nobody leads. */
export const noLeader = -1;

/** What an election looks at. Lists name broker ids. */
export interface ElectionQuestion {
  /** Who holds a copy, the preferred leader first. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly leader: number;
  /** Who is registered now. */
  readonly live: readonly number[];
  /**
   * Live brokers that registered after this state was written: what the state says of them was said of an earlier
   * life. They count as failed, then started.
   */
  readonly returned: readonly number[];
  /** Whether a leader outside the ISR is better than none. */
  readonly isUncleanAllowed: boolean;
}

/** What an election gives. */
export interface ElectionAnswer {
  readonly leader: number;
  readonly isr: readonly number[];
  /** Whether the leader was taken from outside the ISR: records may be lost. */
  readonly isUnclean: boolean;
}

/**
 * The decisions of the controller, each a pure function of plain data. The default set is the correct one; a lab or
 * a mutant passes its own.
 */
export interface ControllerRules {
  /** @returns the first state of a new partition, or undefined while no replica lives */
  readonly firstState: (
    replicas: readonly number[],
    live: readonly number[],
  ) => ElectionAnswer | undefined;
  /** @returns what to write after brokers failed or started, or undefined when the state may stay */
  readonly elect: (question: ElectionQuestion) => ElectionAnswer | undefined;
  /** @returns what to write to hand leadership to the preferred replica, or undefined when that cannot be */
  readonly electPreferred: (question: ElectionQuestion) => ElectionAnswer | undefined;
  /** @returns the leader epoch of a state that the controller writes over one of `leaderEpoch` */
  readonly leaderEpochAfter: (leaderEpoch: number) => number;
  /** @returns whether a broker registered (czxid `brokerEpoch`) after the state was written (mzxid `stateZxid`) */
  readonly isOfEarlierLife: (stateZxid: number, brokerEpoch: number) => boolean;
  /** @returns the version that a state znode must still have for an election from what was read at `version` */
  readonly stateVersionExpected: (version: number) => number;
  /** @returns the version that `/controller_epoch` must still have for a write of this controller */
  readonly fenceVersion: (epochVersion: number) => number;
}

/** The correct set. Source: Apache Kafka, `PartitionStateMachine` and its election algorithms. */
export const controllerRules: ControllerRules = {
  firstState: (replicas, live) => {
    const isr = replicas.filter((broker) => live.includes(broker));
    const [leader] = isr;
    return leader === undefined ? undefined : { leader, isr, isUnclean: false };
  },
  elect,
  electPreferred: ({ replicas, isr, leader, live, returned }) => {
    const preferred = replicas[0];
    if (preferred === undefined || preferred === leader) return undefined;
    const isEligible =
      isr.includes(preferred) && live.includes(preferred) && !returned.includes(preferred);
    return isEligible ? { leader: preferred, isr, isUnclean: false } : undefined;
  },
  leaderEpochAfter: (leaderEpoch) => leaderEpoch + 1,
  isOfEarlierLife: (stateZxid, brokerEpoch) => brokerEpoch > stateZxid,
  stateVersionExpected: (version) => version,
  fenceVersion: (epochVersion) => epochVersion,
};

/**
 * One function for failure, start, bounce and take-over, because each only says who lives and since when:
 *
 *     leader lives on          keeps leading; dead and returned members leave the ISR
 *     leader dead or returned  the first replica, in assignment order, that is in the ISR and lives on;
 *                              else the first that returned; else, where allowed, the first that lives at all
 *     nobody                   leader -1, the ISR as it was: its last members are who may lead again
 *
 * Members that returned stay in the ISR only when nobody of it lived on: then nothing was committed without them.
 */
function elect(question: ElectionQuestion): ElectionAnswer | undefined {
  const { isr, leader, live, returned } = question;
  const livingOn = isr.filter((broker) => live.includes(broker) && !returned.includes(broker));
  const isrLive = livingOn.length > 0 ? livingOn : isr.filter((broker) => live.includes(broker));
  if (isrLive.length === 0) return electWithoutIsr(question);
  if (livingOn.includes(leader)) {
    const isUnchanged = livingOn.length === isr.length;
    return isUnchanged ? undefined : { leader, isr: livingOn, isUnclean: false };
  }
  const elected = question.replicas.find((broker) => isrLive.includes(broker)) ?? isrLive[0];
  return { leader: elected as number, isr: isrLive, isUnclean: false };
}

function electWithoutIsr(question: ElectionQuestion): ElectionAnswer | undefined {
  const { replicas, isr, leader, live, isUncleanAllowed } = question;
  const unclean = replicas.find((broker) => live.includes(broker));
  if (isUncleanAllowed && unclean !== undefined) {
    return { leader: unclean, isr: [unclean], isUnclean: true };
  }
  return leader === noLeader ? undefined : { leader: noLeader, isr, isUnclean: false };
}
