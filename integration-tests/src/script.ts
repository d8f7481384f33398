/** What every script here promises: progress on stderr, one JSON line last on stdout, a telling exit code. */
import { inspect, styleText } from 'node:util';

/** The words of the command line cannot be used: one sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was checked does not hold: a sentence, and the figures all the same; exit code 1. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
  readonly figures: object;

  constructor(message: string, figures: object) {
    super(message);
    this.figures = figures;
  }
}

const exitCodeFailed = 1;
const exitCodeUsage = 2;
const exitCodeInterrupted = 130;

/**
 * Runs a script and ends the process: 0 only when `script` gave its figures, which become the last line on stdout.
 *
 * @param name what a person typed, for the sentence that says what went wrong
 */
export async function runScript(name: string, script: () => Promise<object>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(exitCodeInterrupted));
  }
  try {
    const figures = await script();
    process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const isExpected = isUsage || error instanceof ScriptFailure;
    const text = isExpected ? error.message : inspect(error);
    if (error instanceof ScriptFailure) process.stdout.write(`${JSON.stringify(error.figures)}\n`);
    process.stderr.write(`${name}: ${text}\n`, () =>
      process.exit(isUsage ? exitCodeUsage : exitCodeFailed),
    );
  }
}

/** Says a sentence on stderr. */
export function tell(sentence = ''): void {
  process.stderr.write(`${sentence}\n`);
}

/** Says what begins now, so that it stands out on a terminal. */
export function tellStep(sentence: string): void {
  const text = `== ${sentence}`;
  tell(`\n${process.stderr.isTTY ? styleText('bold', text) : text}`);
}
