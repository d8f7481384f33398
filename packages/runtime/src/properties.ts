import { CodedError } from '@zookafka/base';

/** What is wrong with a configuration file. */
export type ConfigurationRefusal =
  | { readonly code: 'BAD_LINE'; readonly line: number }
  | { readonly code: 'MISSING_KEY'; readonly key: string }
  | { readonly code: 'BAD_VALUE'; readonly key: string };

/** A configuration file that cannot be used: the message names the file, the key and what is accepted. */
export class ConfigurationError extends CodedError<ConfigurationRefusal> {
  override readonly name = 'ConfigurationError';
}

/** The bounds of a whole number. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** The keys and values of a Java properties file, read with checks. */
export class Properties {
  readonly source: string;
  private readonly values: ReadonlyMap<string, string>;

  constructor(source: string, values: ReadonlyMap<string, string>) {
    this.source = source;
    this.values = values;
  }

  /** All keys, in the order of the file. */
  get keys(): readonly string[] {
    return [...this.values.keys()];
  }

  get(key: string): string | undefined {
    return this.values.get(key);
  }

  /** @throws {ConfigurationError} MISSING_KEY */
  require(key: string): string {
    const value = this.values.get(key);
    if (value === undefined || value === '') {
      throw new ConfigurationError(
        { code: 'MISSING_KEY', key },
        `Cannot use ${this.source}: ${key} is missing`,
      );
    }
    return value;
  }

  /** A whole number. @throws {ConfigurationError} BAD_VALUE, MISSING_KEY when there is no default */
  integer(key: string, range: IntegerRange, byDefault?: number): number {
    const text = this.values.get(key)?.trim();
    if (text === undefined && byDefault !== undefined) return byDefault;
    const value = Number(text ?? this.require(key));
    if (!Number.isSafeInteger(value) || value < range.min || value > range.max) {
      throw this.badValue(key, `a whole number from ${range.min} to ${range.max}`);
    }
    return value;
  }

  /** `true` or `false`. @throws {ConfigurationError} BAD_VALUE */
  boolean(key: string, byDefault: boolean): boolean {
    const text = this.values.get(key)?.trim().toLowerCase();
    if (text === undefined) return byDefault;
    if (text !== 'true' && text !== 'false') throw this.badValue(key, 'true or false');
    return text === 'true';
  }

  /** Values between commas, trimmed, empty ones left out. */
  list(key: string): readonly string[] {
    return (this.values.get(key) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  /** One of some words. @throws {ConfigurationError} BAD_VALUE */
  oneOf<Word extends string>(key: string, words: readonly Word[], byDefault: Word): Word {
    const text = this.values.get(key)?.trim();
    if (text === undefined) return byDefault;
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw this.badValue(key, words.join(' or '));
    return word;
  }

  /** An error that names this file, the key, its value and what is accepted. */
  badValue(key: string, accepted: string): ConfigurationError {
    return new ConfigurationError(
      { code: 'BAD_VALUE', key },
      `Cannot use ${this.source}: ${key} is "${this.values.get(key) ?? ''}", accepted is ${accepted}`,
    );
  }
}

/**
 * Reads the subset of Java's properties that ZooKeeper's and Kafka's files use: comments (`#`, `!`), `key=value` or
 * `key: value`, a backslash at a line's end, a later line replacing an earlier one of the same key.
 *
 * @param source the file's name, for messages
 * @throws {ConfigurationError} BAD_LINE naming the line
 */
export function parseProperties(source: string, text: string): Properties {
  const values = new Map<string, string>();
  let kept = '';
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = kept + raw.trimStart();
    kept = '';
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    if (/(^|[^\\])(\\\\)*\\$/.test(line)) {
      kept = line.slice(0, -1);
      continue;
    }
    const parts = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(line);
    if (parts === null) {
      throw new ConfigurationError(
        { code: 'BAD_LINE', line: index + 1 },
        `Cannot use ${source}: line ${index + 1} ("${line}") is not key=value`,
      );
    }
    values.set(parts[1] as string, (parts[2] as string).trimEnd().replaceAll('\\\\', '\\'));
  }
  return new Properties(source, values);
}
