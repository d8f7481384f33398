import { spawnSync } from 'node:child_process';

/** What a program answered. */
export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Python that foreign clients are installed for. */
export const python = process.env['ZOOKAFKA_PYTHON'] ?? 'python3';

const isRequired = process.env['ZOOKAFKA_FOREIGN'] === 'required';
const probeMsMax = 60_000;

/**
 * A `describe` over somebody else's program: skipped by name where that is missing, failing there when the environment
 * says `ZOOKAFKA_FOREIGN=required`.
 *
 * @param missing what is missing, or undefined when all is there
 */
export function describeForeign(
  name: string,
  missing: string | undefined,
  suite: () => void,
): void {
  if (missing === undefined) {
    describe(name, suite);
    return;
  }
  if (isRequired) {
    describe(name, () => {
      it('has what it needs', () => {
        throw new Error(`Cannot run: ${missing}, and ZOOKAFKA_FOREIGN=required`);
      });
    });
    return;
  }
  describe.skip(`${name} (skipped: ${missing})`, () => {
    it('needs that', () => undefined);
  });
}

/** @returns what is missing to import a module of Python, or undefined */
export function missingPythonModule(module: string): string | undefined {
  const { status } = spawnSync(python, ['-c', `import ${module}`], { timeout: probeMsMax });
  return status === 0 ? undefined : `${python} has no ${module}`;
}

/** @returns what is missing to run a program, or undefined */
export function missingProgram(program: string, args: readonly string[]): string | undefined {
  const { status } = spawnSync(program, args, { timeout: probeMsMax });
  return status === 0 ? undefined : `no ${program} that answers ${args.join(' ')}`;
}
