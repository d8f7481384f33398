import { unreachable } from '@zookafka/base';
import {
  type MultiResult,
  type Response,
  sameSession,
  type SessionId,
  type Stat,
} from '@zookafka/zookeeper-wire';
import { type ChangePoint, type DataTree } from './dataTree.ts';
import { type NumberedTxn, type SimpleTxn } from './txns.ts';
import { type TreeChange } from './watchTriggers.ts';
import { statOf, type Znode } from './znode.ts';

/** Told of every change of a znode, right after it. `node` is the one that changed, or went. */
export interface ChangeListener {
  onChange(change: TreeChange, node: Znode, zxid: number): void;
}

/** What a request came to: the error code, and the response where there is none. */
export interface Outcome {
  readonly err: number;
  readonly response: Response | null;
}

/**
 * Applies a committed transaction to the tree, whole or not at all: decided when it was made.
 *
 * @returns what its client is told
 */
export function applyTxn(tree: DataTree, numbered: NumberedTxn, listener: ChangeListener): Outcome {
  const { header, txn } = numbered;
  const at: ApplyPoint = { zxid: header.zxid, timeMs: header.time, session: header.clientId };
  if (txn.sort !== 'multi') return outcomeOf(applySimple(tree, txn, at, listener));
  const results: MultiResult[] = [];
  for (const part of txn.txns) {
    // What a multi may hold has a result of its own, or is the error of a failed one.
    results.push(applySimple(tree, part, at, listener) as MultiResult);
  }
  return { err: 0, response: { op: 'multi', results } };
}

interface ApplyPoint extends ChangePoint {
  readonly session: SessionId;
}

type Applied = Response | { readonly op: 'error'; readonly err: number };

function outcomeOf(applied: Applied): Outcome {
  if (applied.op === 'error') return { err: applied.err, response: null };
  return { err: 0, response: applied };
}

function applySimple(
  tree: DataTree,
  txn: SimpleTxn,
  at: ApplyPoint,
  listener: ChangeListener,
): Applied {
  switch (txn.sort) {
    case 'create':
    case 'create2': {
      const { path, data, acl, ephemeral, parentCVersion } = txn.record;
      const owner = ephemeral ? at.session : null;
      const node = tree.create({ path, data, acl, owner }, parentCVersion, at);
      const stat: Stat | undefined = txn.sort === 'create2' ? statOf(node) : undefined;
      listener.onChange({ kind: 'created', path }, node, at.zxid);
      return stat === undefined ? { op: 'create', path } : { op: 'create2', path, stat };
    }
    case 'delete':
      deleteNode(tree, txn.record.path, at, listener);
      return { op: 'delete' };
    case 'setData': {
      const { path, data, version } = txn.record;
      const node = tree.setData(path, data, version, at);
      listener.onChange({ kind: 'dataChanged', path }, node, at.zxid);
      return { op: 'setData', stat: statOf(node) };
    }
    case 'setACL': {
      const { path, acl, version } = txn.record;
      return { op: 'setACL', stat: statOf(tree.setAcl(path, acl, version)) };
    }
    case 'check':
      return { op: 'check' };
    case 'createSession':
      tree.sessions.set(at.session, txn.record.timeOut);
      return { op: 'createSession' };
    case 'closeSession':
      closeSession(tree, txn.record.paths2Delete, at, listener);
      return { op: 'closeSession' };
    case 'error':
      return { op: 'error', err: txn.record.err };
    default:
      return unreachable(txn);
  }
}

function deleteNode(tree: DataTree, path: string, at: ChangePoint, listener: ChangeListener): void {
  const node = tree.delete(path, at);
  listener.onChange({ kind: 'deleted', path }, node, at.zxid);
}

function closeSession(
  tree: DataTree,
  paths: readonly string[],
  at: ApplyPoint,
  listener: ChangeListener,
): void {
  for (const path of paths) {
    const owner = tree.get(path)?.owner ?? null;
    if (owner !== null && sameSession(owner, at.session)) deleteNode(tree, path, at, listener);
  }
  tree.sessions.delete(at.session);
}
