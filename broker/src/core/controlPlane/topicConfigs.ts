interface Numeric {
  readonly min: number;
  readonly max: number;
}

const anyText = /^.*$/s;
const boolean = /^(true|false)$/i;
const int32Max = 2 ** 31 - 1;
const atLeast = (min: number, max: number = Number.MAX_SAFE_INTEGER): Numeric => ({ min, max });

/**
 * Settings of a topic, each with what its value may be. Source: the documentation of Apache Kafka 3.9's topic settings.
 */
const rules: ReadonlyMap<string, Numeric | RegExp> = new Map<string, Numeric | RegExp>([
  ['cleanup.policy', /^(delete|compact|(delete, ?compact)|(compact, ?delete))$/],
  ['compression.type', /^(uncompressed|zstd|lz4|snappy|gzip|producer)$/],
  ['compression.gzip.level', atLeast(-1, 9)],
  ['compression.lz4.level', atLeast(1, 17)],
  ['compression.zstd.level', atLeast(-131_072, 22)],
  ['delete.retention.ms', atLeast(0)],
  ['file.delete.delay.ms', atLeast(0)],
  ['flush.messages', atLeast(1)],
  ['flush.ms', atLeast(0)],
  ['follower.replication.throttled.replicas', anyText],
  ['index.interval.bytes', atLeast(0, int32Max)],
  ['leader.replication.throttled.replicas', anyText],
  ['local.retention.bytes', atLeast(-2)],
  ['local.retention.ms', atLeast(-2)],
  ['max.compaction.lag.ms', atLeast(1)],
  ['max.message.bytes', atLeast(0, int32Max)],
  ['message.downconversion.enable', boolean],
  ['message.format.version', anyText],
  ['message.timestamp.after.max.ms', atLeast(0)],
  ['message.timestamp.before.max.ms', atLeast(0)],
  ['message.timestamp.difference.max.ms', atLeast(0)],
  ['message.timestamp.type', /^(CreateTime|LogAppendTime)$/],
  ['min.cleanable.dirty.ratio', /^(0?\.\d+|0|1|0\.\d+|1\.0*)$/],
  ['min.compaction.lag.ms', atLeast(0)],
  ['min.insync.replicas', atLeast(1, int32Max)],
  ['preallocate', boolean],
  ['remote.storage.enable', boolean],
  ['retention.bytes', atLeast(-2)],
  ['retention.ms', atLeast(-1)],
  ['segment.bytes', atLeast(14, int32Max)],
  ['segment.index.bytes', atLeast(4, int32Max)],
  ['segment.jitter.ms', atLeast(0)],
  ['segment.ms', atLeast(1)],
  ['unclean.leader.election.enable', boolean],
]);

/** @returns why Kafka would refuse these settings of a topic, or undefined when they are fine */
export function topicConfigRefusal(configs: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(configs)) {
    const rule = rules.get(name);
    if (rule === undefined) return `Unknown topic config name: ${name}`;
    const isFine = rule instanceof RegExp ? rule.test(value) : isWithin(value, rule);
    if (!isFine) return `Invalid value ${value} for configuration ${name}`;
  }
  return undefined;
}

function isWithin(text: string, { min, max }: Numeric): boolean {
  if (!/^-?\d{1,19}$/.test(text.trim())) return false;
  const value = Number(text);
  // The greatest long is Kafka's way to say never: it is no safe integer, but as large as can be.
  return value >= min && (value <= max || (max === Number.MAX_SAFE_INTEGER && value <= 2 ** 63));
}
