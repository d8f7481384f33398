/**
 * Which form of `step` costs least? The same small machine (a leader's hot path: one proposal to two followers,
 * one append, an acknowledgement that commits) in three forms. Run: node integration-tests/benchmarks/step-forms.mjs
 *
 * Prints nanoseconds a step, the median of several rounds taken in turn, so that no form has the warmer machine.
 */
import { performance } from 'node:perf_hooks';

const rounds = 15;
const stepsPerRound = 400_000;

class Base {
  zxid = 0;
  committed = 0;
  acks = new Int32Array(1024);
}

class Returning extends Base {
  step(input) {
    if (input.kind === 'propose') {
      const zxid = ++this.zxid;
      this.acks[zxid & 1023] = 0;
      return [
        { kind: 'send', to: 2, zxid, bytes: input.bytes },
        { kind: 'send', to: 3, zxid, bytes: input.bytes },
        { kind: 'append', token: zxid, zxid, bytes: input.bytes },
      ];
    }
    if (++this.acks[input.zxid & 1023] !== 2) return [];
    this.committed = input.zxid;
    return [
      { kind: 'commit', to: 2, zxid: input.zxid },
      { kind: 'commit', to: 3, zxid: input.zxid },
      { kind: 'deliver', zxid: input.zxid },
    ];
  }
}

class Pushing extends Base {
  step(input, nowMs, effects) {
    if (input.kind === 'propose') {
      const zxid = ++this.zxid;
      this.acks[zxid & 1023] = 0;
      effects.push({ kind: 'send', to: 2, zxid, bytes: input.bytes });
      effects.push({ kind: 'send', to: 3, zxid, bytes: input.bytes });
      effects.push({ kind: 'append', token: zxid, zxid, bytes: input.bytes });
      return;
    }
    if (++this.acks[input.zxid & 1023] !== 2) return;
    this.committed = input.zxid;
    effects.push({ kind: 'commit', to: 2, zxid: input.zxid });
    effects.push({ kind: 'commit', to: 3, zxid: input.zxid });
    effects.push({ kind: 'deliver', zxid: input.zxid });
  }
}

class Yielding extends Base {
  *step(input) {
    if (input.kind === 'propose') {
      const zxid = ++this.zxid;
      this.acks[zxid & 1023] = 0;
      yield { kind: 'send', to: 2, zxid, bytes: input.bytes };
      yield { kind: 'send', to: 3, zxid, bytes: input.bytes };
      yield { kind: 'append', token: zxid, zxid, bytes: input.bytes };
      return;
    }
    if (++this.acks[input.zxid & 1023] !== 2) return;
    this.committed = input.zxid;
    yield { kind: 'commit', to: 2, zxid: input.zxid };
    yield { kind: 'commit', to: 3, zxid: input.zxid };
    yield { kind: 'deliver', zxid: input.zxid };
  }
}

/** A shell that looks at every effect, a turn of 64 inputs at a time. */
const forms = {
  'returns an array': () => {
    const machine = new Returning();
    return (inputs) => {
      let seen = 0;
      for (const input of inputs) for (const effect of machine.step(input, 0)) seen += effect.zxid;
      return seen;
    };
  },
  "pushes into the caller's": () => {
    const machine = new Pushing();
    const effects = [];
    return (inputs) => {
      let seen = 0;
      for (const input of inputs) machine.step(input, 0, effects);
      for (const effect of effects) seen += effect.zxid;
      effects.length = 0;
      return seen;
    };
  },
  'yields one by one': () => {
    const machine = new Yielding();
    return (inputs) => {
      let seen = 0;
      for (const input of inputs) for (const effect of machine.step(input, 0)) seen += effect.zxid;
      return seen;
    };
  },
};

const bytes = new Uint8Array(100);
let zxidNext = 0;
function turn() {
  const inputs = [];
  for (let index = 0; index < 21; index++) {
    const zxid = ++zxidNext;
    inputs.push({ kind: 'propose', bytes, zxid }, { kind: 'ack', zxid }, { kind: 'ack', zxid });
  }
  return inputs;
}

const times = Object.fromEntries(Object.keys(forms).map((name) => [name, []]));
let checksum = 0;
for (let round = 0; round < rounds; round++) {
  for (const [name, make] of Object.entries(forms)) {
    zxidNext = 0;
    const turns = Array.from({ length: Math.ceil(stepsPerRound / 63) }, turn);
    const run = make();
    const startMs = performance.now();
    for (const inputs of turns) checksum += run(inputs);
    times[name].push(((performance.now() - startMs) * 1e6) / (turns.length * 63));
  }
}
for (const [name, all] of Object.entries(times)) {
  all.sort((left, right) => left - right);
  const [min, median, max] = [all[0], all[all.length >> 1], all.at(-1)].map((ns) => ns.toFixed(1));
  console.log(`${name.padEnd(26)} ${median} ns a step (${min} to ${max})`);
}
if (!(checksum > 0)) throw new Error('The forms did nothing');
