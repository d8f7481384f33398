import {
  errorCodes,
  errorName,
  multiError,
  openAcl,
  type MultiOperation,
  type MultiResult,
  type Request,
  type Response,
  type Stat,
} from '@zookafka/zookeeper-wire';

/** What became of a request whose answer came: `response` is null when `err` is not 0. */
export interface Answer {
  readonly err: number;
  readonly response: Response | null;
}

/**
 * A conversation with the ensemble, read from top to bottom: it yields requests that may be under way together, and is
 * given their answers in the same order. It never sees a lost answer: whoever runs it then stops it for good, and starts
 * another that begins by reading what is there.
 */
export type Task<Value = void> = Generator<readonly Request[], Value, readonly Answer[]>;

/** The content of a znode. */
export interface ZnodeRead {
  readonly data: Uint8Array | null;
  readonly stat: Stat;
}

/** What became of a multi. */
export interface MultiOutcome {
  /** 0, or the code of the operation that failed. */
  readonly err: number;
  /** Which operation failed, or -1. */
  readonly failed: number;
  readonly results: readonly MultiResult[];
}

/** That the ensemble answered what no caller can use: a permission, a quota, a path that is none. */
export class ZookeeperAnswerError extends Error {
  override readonly name = 'ZookeeperAnswerError';
  readonly err: number;

  constructor(err: number, what: string) {
    super(`Cannot ${what}: the ensemble answered ${errorName(err)}`);
    this.err = err;
  }
}

/** @returns the request that reads a znode */
export function getData(path: string, watch = false): Request {
  return { op: 'getData', path, watch };
}

/** @returns the request that lists the children of a znode */
export function getChildren(path: string, watch = false): Request {
  return { op: 'getChildren', path, watch };
}

/** @returns the operation that creates a lasting znode, or one that ends with the session */
export function create(path: string, data: Uint8Array | null, isEphemeral = false): MultiOperation {
  return { op: 'create', path, data, acl: openAcl, flags: isEphemeral ? 1 : 0 };
}

/** @returns the operation that replaces a znode's content; version -1 fits any */
export function setData(path: string, data: Uint8Array | null, version: number): MultiOperation {
  return { op: 'setData', path, data, version };
}

/** @returns the operation that deletes a znode; version -1 fits any */
export function remove(path: string, version = -1): MultiOperation {
  return { op: 'delete', path, version };
}

/** @returns the operation that fails unless a znode has this version */
export function check(path: string, version: number): MultiOperation {
  return { op: 'check', path, version };
}

/** Asks one thing. */
export function* ask(request: Request): Task<Answer> {
  const answers = yield [request];
  return answers[0] as Answer;
}

/** Reads one znode. @returns null when it is absent */
export function* read(path: string, watch = false): Task<ZnodeRead | null> {
  const answer = yield* ask(getData(path, watch));
  return readOf(answer, path);
}

/** Reads many znodes, pipelined. @returns in the order of `paths`; null for those that are absent */
export function* readAll(paths: readonly string[], watch = false): Task<(ZnodeRead | null)[]> {
  if (paths.length === 0) return [];
  const answers = yield paths.map((path) => getData(path, watch));
  return answers.map((answer, index) => readOf(answer, paths[index] as string));
}

/** Lists the children of one znode. @returns nothing when it is absent */
export function* list(path: string, watch = false): Task<readonly string[]> {
  const { err, response } = yield* ask(getChildren(path, watch));
  if (err === errorCodes.NoNode) return [];
  if (response?.op !== 'getChildren') throw new ZookeeperAnswerError(err, `list ${path}`);
  return response.children;
}

/** Does all of `operations`, or none. */
export function* multi(operations: readonly MultiOperation[]): Task<MultiOutcome> {
  const answer = yield* ask({ op: 'multi', operations });
  return multiOutcomeOf(answer);
}

/** @returns what a getData brought; null when the znode is absent */
export function readOf({ err, response }: Answer, path: string): ZnodeRead | null {
  if (response?.op === 'getData') return { data: response.data, stat: response.stat };
  if (err === errorCodes.NoNode) return null;
  throw new ZookeeperAnswerError(err, `read ${path}`);
}

/** @returns what a multi brought, its failure found whether the head or the body tells it */
export function multiOutcomeOf({ err, response }: Answer): MultiOutcome {
  if (response?.op !== 'multi') return { err, failed: 0, results: [] };
  const error = multiError(response.results);
  const failed =
    error === 0
      ? -1
      : response.results.findIndex((result) => result.op === 'error' && result.err !== 0);
  return { err: error, failed, results: response.results };
}

/** @returns the Stat that operation `index` of a multi that succeeded brought */
export function statOf(outcome: MultiOutcome, index: number): Stat {
  const result = outcome.results[index];
  if (result?.op !== 'setData')
    throw new ZookeeperAnswerError(outcome.err, 'read the Stat of a multi');
  return result.stat;
}
