import { CodedError } from '@zookafka/base';

/** Why a command could not be carried out. */
export type CommandRefusal =
  /** The command's words or the state of the folder are off: exit code 2. */
  | { readonly code: 'USAGE' }
  /** The cluster refused or did not answer: exit code 1. */
  | { readonly code: 'FAILED' };

/** Ends a command with one clear sentence. */
export class CommandError extends CodedError<CommandRefusal> {
  override readonly name = 'CommandError';

  get exitCode(): number {
    return this.detail.code === 'USAGE' ? 2 : 1;
  }
}

/** @returns an error for what the person wrote: exit code 2 */
export function usageError(message: string): CommandError {
  return new CommandError({ code: 'USAGE' }, message);
}

/** @returns an error for what the cluster answered: exit code 1 */
export function failedError(message: string): CommandError {
  return new CommandError({ code: 'FAILED' }, message);
}
