import {
  type AuthId,
  createModeOf,
  errorCodes,
  isPath,
  type MultiOperation,
  type MultiRequest,
  permissions,
  type RequestOf,
  type SessionId,
} from '@zookafka/zookeeper-wire';
import { fixAcl, isPermitted } from './acl.ts';
import { type NodeState, type Outstanding } from './outstanding.ts';
import { isSystemPath, parentOf, sequenceSuffix } from './paths.ts';
import { type MemberRules } from './rules.ts';
import { errorTxn, type SimpleTxn, type Txn } from './txns.ts';

/** Who asks. */
export interface Requester {
  readonly session: SessionId;
  readonly ids: readonly AuthId[];
}

/** What a client may ask to be changed. */
export type WriteRequest = MultiOperation | RequestOf<'setACL'> | MultiRequest;

/** What a preparer is made of. */
export interface PreparerParts {
  readonly outstanding: Outstanding;
  readonly rules: MemberRules;
  readonly skipAcl: boolean;
}

/**
 * Makes transactions of requests, on the leader: every check, in ZooKeeper's order, against the tree as the
 * transactions proposed before will leave it. What fails becomes a transaction too, one that changes nothing.
 *
 * Source: ZooKeeper 3.9, `PrepRequestProcessor`.
 */
export class RequestPreparer {
  private readonly outstanding: Outstanding;
  private readonly rules: MemberRules;
  private readonly skipAcl: boolean;

  constructor(parts: PreparerParts) {
    this.outstanding = parts.outstanding;
    this.rules = parts.rules;
    this.skipAcl = parts.skipAcl;
  }

  /** @param zxid the number that the transaction will bear */
  prepare(request: WriteRequest, who: Requester, zxid: number): Txn {
    if (request.op === 'multi') return this.prepareMulti(request, who, zxid);
    return this.prepareOne(request, who, zxid);
  }

  /** The end of a session, and of the nodes that it will own by then. */
  closeSession(session: SessionId, committed: ReadonlySet<string>, zxid: number): SimpleTxn {
    const { outstanding } = this;
    const paths = this.rules.ephemeralsToDelete(session, committed, outstanding.owners());
    for (const path of paths) {
      const parentPath = parentOf(path);
      const parent = outstanding.get(parentPath);
      outstanding.put(zxid, path, undefined);
      if (parent === undefined) continue;
      const childCount = parent.childCount - 1;
      outstanding.put(zxid, parentPath, { ...stateOf(parent), childCount });
    }
    return { sort: 'closeSession', record: { paths2Delete: paths } };
  }

  private prepareMulti(request: MultiRequest, who: Requester, zxid: number): Txn {
    const mark = this.outstanding.mark();
    const txns: SimpleTxn[] = [];
    for (const operation of request.operations) {
      const txn = this.prepareOne(operation, who, zxid);
      if (txn.sort === 'error') {
        this.outstanding.rollback(mark);
        return failedMulti(request.operations.length, txns.length, txn.record.err);
      }
      txns.push(txn);
    }
    return { sort: 'multi', txns };
  }

  private prepareOne(
    request: Exclude<WriteRequest, MultiRequest>,
    who: Requester,
    zxid: number,
  ): SimpleTxn {
    switch (request.op) {
      case 'create':
      case 'create2':
        return this.create(request, who, zxid);
      case 'createContainer':
      case 'createTTL':
        return errorTxn(errorCodes.Unimplemented);
      case 'delete':
        return this.delete(request, who, zxid);
      case 'setData':
        return this.setData(request, who, zxid);
      case 'setACL':
        return this.setAcl(request, who, zxid);
      case 'check':
        return this.check(request, who);
    }
  }

  private create(
    request: RequestOf<'create' | 'create2'>,
    who: Requester,
    zxid: number,
  ): SimpleTxn {
    const mode = createModeOf(request.flags);
    if (mode === undefined) return errorTxn(errorCodes.BadArguments);
    if (mode.isContainer || mode.hasTtl) return errorTxn(errorCodes.Unimplemented);
    const parentPath = parentOf(request.path);
    const parent = this.outstanding.get(parentPath);
    const counter = parent === undefined ? 0 : this.rules.sequenceOf(parent);
    const path = mode.isSequential ? request.path + sequenceSuffix(counter) : request.path;
    if (!isPath(path)) return errorTxn(errorCodes.BadArguments);
    const fixed = fixAcl(request.acl, who.ids);
    if (fixed.acl === null) return errorTxn(fixed.err);
    if (parent === undefined) return errorTxn(errorCodes.NoNode);
    if (!this.may(parent, permissions.CREATE, who)) return errorTxn(errorCodes.NoAuth);
    if (this.outstanding.get(path) !== undefined) return errorTxn(errorCodes.NodeExists);
    if (parent.owner !== null) return errorTxn(errorCodes.NoChildrenForEphemerals);
    const { creates, childCount } = parent;
    const owner = mode.isEphemeral ? who.session : null;
    this.outstanding.put(zxid, parentPath, {
      ...stateOf(parent),
      creates: creates + 1,
      childCount: childCount + 1,
    });
    const acl = fixed.acl;
    this.outstanding.put(zxid, path, { ...newState, owner, acl });
    const record = { path, data: request.data, acl, ephemeral: mode.isEphemeral };
    return { sort: request.op, record: { ...record, parentCVersion: creates + 1 } };
  }

  private delete(request: RequestOf<'delete'>, who: Requester, zxid: number): SimpleTxn {
    const { path, version } = request;
    if (!isPath(path) || isSystemPath(path)) return errorTxn(errorCodes.BadArguments);
    const parentPath = parentOf(path);
    const parent = this.outstanding.get(parentPath);
    if (parent === undefined) return errorTxn(errorCodes.NoNode);
    if (!this.may(parent, permissions.DELETE, who)) return errorTxn(errorCodes.NoAuth);
    const node = this.outstanding.get(path);
    if (node === undefined) return errorTxn(errorCodes.NoNode);
    if (!this.rules.isVersionFitting(version, node.version)) {
      return errorTxn(errorCodes.BadVersion);
    }
    if (node.childCount > 0) return errorTxn(errorCodes.NotEmpty);
    this.outstanding.put(zxid, path, undefined);
    this.outstanding.put(zxid, parentPath, {
      ...stateOf(parent),
      childCount: parent.childCount - 1,
    });
    return { sort: 'delete', record: { path } };
  }

  private setData(request: RequestOf<'setData'>, who: Requester, zxid: number): SimpleTxn {
    const { path, data } = request;
    const node = this.outstanding.get(path);
    if (node === undefined) return this.absent(path);
    if (!this.may(node, permissions.WRITE, who)) return errorTxn(errorCodes.NoAuth);
    if (!this.rules.isVersionFitting(request.version, node.version)) {
      return errorTxn(errorCodes.BadVersion);
    }
    const version = nextVersion(node.version);
    const { aversion, creates, childCount, owner, acl } = node;
    this.outstanding.put(zxid, path, { version, aversion, creates, childCount, owner, acl });
    return { sort: 'setData', record: { path, data, version } };
  }

  private setAcl(request: RequestOf<'setACL'>, who: Requester, zxid: number): SimpleTxn {
    const { path } = request;
    if (!isPath(path)) return errorTxn(errorCodes.BadArguments);
    const fixed = fixAcl(request.acl, who.ids);
    if (fixed.acl === null) return errorTxn(fixed.err);
    const node = this.outstanding.get(path);
    if (node === undefined) return errorTxn(errorCodes.NoNode);
    if (!this.may(node, permissions.ADMIN, who)) return errorTxn(errorCodes.NoAuth);
    if (!this.rules.isVersionFitting(request.version, node.aversion)) {
      return errorTxn(errorCodes.BadVersion);
    }
    const version = nextVersion(node.aversion);
    this.outstanding.put(zxid, path, { ...stateOf(node), acl: fixed.acl, aversion: version });
    return { sort: 'setACL', record: { path, acl: fixed.acl, version } };
  }

  private check(request: RequestOf<'check'>, who: Requester): SimpleTxn {
    const { path, version } = request;
    const node = this.outstanding.get(path);
    if (node === undefined) return this.absent(path);
    if (!this.may(node, permissions.READ, who)) return errorTxn(errorCodes.NoAuth);
    if (!this.rules.isVersionFitting(version, node.version)) {
      return errorTxn(errorCodes.BadVersion);
    }
    return { sort: 'check', record: { path, version: node.version } };
  }

  private absent(path: string): SimpleTxn {
    return errorTxn(isPath(path) ? errorCodes.NoNode : errorCodes.BadArguments);
  }

  private may(node: NodeState, perms: number, who: Requester): boolean {
    return this.skipAcl || isPermitted(node.acl, perms, who.ids);
  }
}

const newState = { version: 0, aversion: 0, creates: 0, childCount: 0 } as const;

/** A copy: a `Znode` behind the state goes on changing. */
function stateOf(node: NodeState): NodeState {
  const { version, aversion, creates, childCount, owner, acl } = node;
  return { version, aversion, creates, childCount, owner, acl };
}

/** Versions count on from the least after the greatest; -1 would mean any, so it is left out. */
function nextVersion(version: number): number {
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}

/** Every operation of a failed multi is an error: 0 before the culprit, its code, and what was not reached. */
function failedMulti(count: number, culprit: number, err: number): Txn {
  const txns: SimpleTxn[] = [];
  for (let index = 0; index < count; index++) {
    if (index < culprit) txns.push(errorTxn(errorCodes.OK));
    else txns.push(errorTxn(index === culprit ? err : errorCodes.RuntimeInconsistency));
  }
  return { sort: 'multi', txns };
}
