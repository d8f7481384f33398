import { readFileSync, writeFileSync } from 'node:fs';

/** One block of a golden file: a command with its words, the lines under it, and the output it must give. */
export interface Directive {
  readonly command: string;
  readonly args: readonly string[];
  /** The lines between the command's line and the separator. */
  readonly input: string;
  readonly expected: string;
}

interface Block extends Directive {
  /** Comments before the command, kept as they are. */
  readonly preface: string;
  readonly head: string;
}

const separator = '----';

/**
 * Runs a golden file: each block is a command's line, lines of input if it takes any, `----`, and the output.
 * A blank line ends a block; an output with blank lines in it stands between two double separators.
 *
 * With UPDATE_GOLDEN=1 the file is rewritten instead of compared: read the diff before committing it.
 *
 * @returns the actual and the expected text of the whole file, for one `expect` to compare
 */
export function runGolden(
  path: string,
  run: (directive: Directive) => string,
): { readonly actual: string; readonly expected: string } {
  const expected = readFileSync(path, 'utf8');
  const blocks = parseGolden(expected);
  const actual = blocks.map((block) => blockText(block, run(block))).join('\n');
  if (process.env['UPDATE_GOLDEN'] !== '1') return { actual, expected };
  writeFileSync(path, actual);
  return { actual, expected: actual };
}

function blockText({ preface, head }: Block, output: string): string {
  const text = output === '' ? '' : `${output}\n`;
  const start = `${preface}${head}\n${separator}\n`;
  if (!/^$/m.test(output) || output === '') return start + text;
  return `${start}${separator}\n${text}${separator}\n${separator}\n`;
}

/** Takes a golden file apart. */
function parseGolden(text: string): readonly Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let preface = '';
  let head: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    if (line === separator && head.length > 0) {
      const end = outputEnd(lines, index + 1);
      const isFenced = lines[index + 1] === separator;
      const output = isFenced ? lines.slice(index + 2, end - 2) : lines.slice(index + 1, end);
      blocks.push(blockOf(preface, head, output.join('\n')));
      preface = '';
      head = [];
      index = end;
    } else if (line.startsWith('#') && head.length === 0) {
      preface += `${line}\n`;
    } else if (line !== '' || head.length > 0) {
      head.push(line);
    } else if (preface !== '') {
      preface += '\n';
    }
  }
  return blocks;
}

/** @returns the index of the blank line, or of the file's end, behind an output that starts at `start` */
function outputEnd(lines: readonly string[], start: number): number {
  if (lines[start] === separator) {
    for (let index = start + 1; index + 1 < lines.length; index++) {
      if (lines[index] === separator && lines[index + 1] === separator) return index + 2;
    }
  }
  const blank = lines.indexOf('', start);
  return blank === -1 ? lines.length : blank;
}

function blockOf(preface: string, head: readonly string[], expected: string): Block {
  const [line = '', ...input] = head;
  const [command = '', ...args] = line.split(' ').filter((word) => word !== '');
  return { command, args, input: input.join('\n'), expected, preface, head: head.join('\n') };
}
