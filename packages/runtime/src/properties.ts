import { readFileSync } from 'node:fs';
import { CodedError } from '@zookafka/base';

/** What is wrong in a configuration file. */
export type PropertiesRefusal =
  | { readonly code: 'SYNTAX'; readonly file: string; readonly line: number }
  | { readonly code: 'MISSING'; readonly file: string; readonly key: string }
  | {
      readonly code: 'BAD_VALUE';
      readonly file: string;
      readonly key: string;
      readonly value: string;
    }
  | { readonly code: 'UNREADABLE'; readonly file: string };

/** A configuration file that cannot be used, and where. */
export class PropertiesError extends CodedError<PropertiesRefusal> {
  override readonly name = 'PropertiesError';
}

/** A range of integers, both ends included. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

interface Property {
  readonly value: string;
  readonly line: number;
}

/**
 * A `.properties` file, as `zoo.cfg` and `server.properties` are: `key=value`, `key: value`, comments with `#`
 * and `!`, lines continued by `\`, the escapes `\t \n \r \uXXXX`. A key that is given twice keeps the last value, as in
 * Java.
 *
 * Getters name the file, the line, the key, the bad value and what is accepted.
 * Source: `java.util.Properties.load`.
 */
export class Properties {
  readonly file: string;
  private readonly properties = new Map<string, Property>();
  private readonly asked = new Set<string>();

  /** @param file what the text is called in messages */
  constructor(text: string, file: string) {
    this.file = file;
    for (const { content, line } of logicalLines(text)) {
      const { key, value } = splitLine(content);
      if (key === '') {
        throw new PropertiesError(
          { code: 'SYNTAX', file, line },
          `Cannot read ${file}, line ${line}: no key before the '='`,
        );
      }
      this.properties.set(key, { value: value.trimEnd(), line });
    }
  }

  /** Reads a file. @throws {PropertiesError} UNREADABLE, SYNTAX */
  static load(file: string): Properties {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const fact = readingFaults[code ?? ''] ?? message;
      throw new PropertiesError({ code: 'UNREADABLE', file }, `Cannot read ${file}: ${fact}`, {
        cause,
      });
    }
    return new Properties(text, file);
  }

  get keys(): readonly string[] {
    return [...this.properties.keys()];
  }

  /** The keys that no getter asked for: misspelt or not supported, worth a warning. */
  get keysUnused(): readonly string[] {
    return this.keys.filter((key) => !this.asked.has(key));
  }

  has(key: string): boolean {
    return this.properties.has(key);
  }

  /** The text of a key, or undefined. An empty value counts as none. */
  optional(key: string): string | undefined {
    this.asked.add(key);
    const value = this.properties.get(key)?.value;
    return value === '' ? undefined : value;
  }

  text(key: string, fallback?: string): string {
    const value = this.optional(key) ?? fallback;
    if (value !== undefined) return value;
    throw new PropertiesError(
      { code: 'MISSING', file: this.file, key },
      `Cannot use ${this.file}: '${key}' is missing`,
    );
  }

  integer(key: string, { min, max }: IntegerRange, fallback?: number): number {
    const text = this.text(key, fallback === undefined ? undefined : String(fallback));
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= min && value <= max) return value;
    throw this.badValue(key, `an integer from ${min} to ${max}`);
  }

  boolean(key: string, fallback?: boolean): boolean {
    const text = this.text(key, fallback === undefined ? undefined : String(fallback));
    const word = text.toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true';
    throw this.badValue(key, 'true or false');
  }

  /** One of a few words. */
  oneOf<Word extends string>(key: string, words: readonly Word[], fallback?: Word): Word {
    const text = this.text(key, fallback);
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw this.badValue(key, `one of ${words.join(', ')}`);
  }

  /** The words between commas, without the blanks around them and without empty ones. */
  list(key: string, fallback?: readonly string[]): readonly string[] {
    const words = this.text(key, fallback?.join(',')).split(',');
    return words.map((word) => word.trim()).filter((word) => word !== '');
  }

  /** All keys that begin with `prefix`, by the rest of their name: `server.1`, `server.2`… */
  withPrefix(prefix: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [key, { value }] of this.properties) {
      if (!key.startsWith(prefix)) continue;
      this.asked.add(key);
      found.set(key.slice(prefix.length), value);
    }
    return found;
  }

  /** The refusal of a value, for rules that are not among the getters. */
  badValue(key: string, accepted: string): PropertiesError {
    const property = this.properties.get(key);
    const value = property?.value ?? '';
    const where = property === undefined ? this.file : `${this.file}, line ${property.line}`;
    return new PropertiesError(
      { code: 'BAD_VALUE', file: this.file, key, value },
      `Cannot use ${where}: '${key}' is '${value}', accepted is ${accepted}`,
    );
  }
}

interface LogicalLine {
  readonly content: string;
  readonly line: number;
}

function* logicalLines(text: string): Generator<LogicalLine> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let content = (lines[index] as string).trimStart();
    if (content === '' || content.startsWith('#') || content.startsWith('!')) continue;
    while (isContinued(content)) {
      content = content.slice(0, -1);
      const next = lines[++index];
      if (next === undefined) break;
      content += next.trimStart();
    }
    yield { content, line };
  }
}

/** An odd number of backslashes at the end: the last one is not escaped. */
function isContinued(content: string): boolean {
  const backslashes = /\\*$/.exec(content)?.[0].length ?? 0;
  return backslashes % 2 === 1;
}

function splitLine(content: string): { readonly key: string; readonly value: string } {
  let at = 0;
  while (at < content.length && !/[=:\s]/.test(content[at] as string)) {
    at += content[at] === '\\' ? 2 : 1;
  }
  const rest = content.slice(at).replace(/^\s*[=:]?\s*/, '');
  return { key: unescape(content.slice(0, at)), value: unescape(rest) };
}

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escape: string) => {
    if (escape.length > 1) return String.fromCharCode(parseInt(escape.slice(1), 16));
    return { t: '\t', n: '\n', r: '\r', f: '\f' }[escape] ?? escape;
  });
}

const readingFaults: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'no permission',
};
