/* What the figures of both systems are judged by: which runs count, their medians, and the gates. */

/** A run in which the load generator, or anything else, took more than this many cores is void. */
export const voidOver = { generatorCores: 0.4, otherCores: 0.2 };

/** Fewer runs that count than this say nothing. */
const countingRunsMin = 3;

/** @returns why a run is void, or undefined */
export function voidReason({ generatorCores, otherCores }, isConsume = false) {
  if (!Number.isFinite(generatorCores + otherCores)) return 'what others took is not known';
  if (otherCores > voidOver.otherCores) return `other programs took ${otherCores} cores`;
  if (!isConsume && generatorCores > voidOver.generatorCores) {
    return `the generator took ${generatorCores} cores`;
  }
  return undefined;
}

export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The medians of the runs that count; where none does, of all, and it says so. */
export function summary(runs) {
  const counting = runs.filter(({ isVoid }) => !isVoid);
  const used = counting.length > 0 ? counting : runs;
  const of = (field) => median(used.map((run) => run[field]));
  return {
    runs: counting.length,
    voidRuns: runs.length - counting.length,
    isVoid: counting.length < Math.min(countingRunsMin, runs.length),
    perSecond: of('perSecond'),
    cpuUs: of('cpuUs'),
    p50Us: of('p50Us'),
    p99Us: of('p99Us'),
    residentMb: of('residentMb'),
    generatorCores: of('generatorCores'),
    otherCores: of('otherCores'),
  };
}

/**
 * @param figures of ours and the original's
 * @param gate `least` or `most`: what ours by the original's must be
 */
export function judge(name, { ours, original, isVoid = false }, { least, most }) {
  const ratio = ours / original;
  const isKnown = ours > 0 && original > 0 && !isVoid;
  const holds = isKnown && (least === undefined ? ratio <= most : ratio >= least);
  return {
    name,
    ratio: Number(ratio.toFixed(3)),
    ...(least === undefined ? { most } : { least }),
    isVoid,
    holds,
  };
}

/** Success is that every gate there is was judged, and holds; what measures only a part does not claim it. */
export function exitCodeOf(judged, gateCount) {
  return judged.length === gateCount && judged.every(({ holds }) => holds) ? 0 : 1;
}
