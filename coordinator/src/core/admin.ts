import { type FourLetterWord, makeZxid, sessionIdText, zxidText } from '@zookafka/zookeeper-wire';
import { type Connections } from './connections.ts';
import { type MemberContext } from './context.ts';

/**
 * Answers the four-letter words in ZooKeeper's layout, which other people's tools parse.
 *
 * Source: ZooKeeper 3.9, `server.command`.
 */
export class Admin {
  private readonly context: MemberContext;
  private readonly connections: Connections;

  constructor(context: MemberContext, connections: Connections) {
    this.context = context;
    this.connections = connections;
  }

  answer(word: FourLetterWord): string {
    const { whitelist } = this.context.config.admin;
    if (!whitelist.includes(word) && !whitelist.includes('*')) {
      return `${word} is not executed because it is not in the whitelist.\n`;
    }
    if (word === 'ruok') return 'imok';
    if (word === 'isro') return this.context.isServing ? 'rw' : 'null';
    if (word === 'conf') return this.conf();
    if (word === 'envi') return this.envi();
    if (!this.context.isServing) {
      return 'This ZooKeeper instance is not currently serving requests\n';
    }
    return this.answerServing(word);
  }

  private answerServing(word: FourLetterWord): string {
    switch (word) {
      case 'srvr':
        return `Zookeeper version: ${this.version}\n${this.serverStats()}`;
      case 'stat':
        return `Zookeeper version: ${this.version}\nClients:\n${this.clients()}\n${this.serverStats()}`;
      case 'mntr':
        return this.mntr();
      case 'cons':
        return `${this.clients()}\n`;
      case 'dump':
        return this.dump();
      case 'wchs':
        return this.watchSummary();
      default:
        return `${word} is not executed because it is not in the whitelist.\n`;
    }
  }

  private get version(): string {
    const { version, builtOn } = this.context.config.admin;
    return `${version}, built on ${builtOn}`;
  }

  private get mode(): string {
    const { role, config } = this.context;
    if (config.zab.voters.length === 1) return 'standalone';
    return role === 'leading' ? 'leader' : 'follower';
  }

  private serverStats(): string {
    const { stats, tree, lastZxid, epoch } = this.context;
    // An epoch in which nothing was written yet has only its mark, which is no transaction.
    const zxid = Math.max(lastZxid, makeZxid(epoch, 0));
    const average = latencyText(stats.latencyMsAverage);
    const lines = [
      `Latency min/avg/max: ${stats.latencyMsMin}/${average}/${stats.latencyMsMax}`,
      `Received: ${stats.received}`,
      `Sent: ${stats.sent}`,
      `Connections: ${this.connections.count}`,
      `Outstanding: ${this.connections.outstandingCount}`,
      `Zxid: ${zxidText(zxid)}`,
      `Mode: ${this.mode}`,
      `Node count: ${tree.count}`,
    ];
    if (this.mode === 'leader') {
      const { proposalBytesLast, proposalBytesMin, proposalBytesMax } = stats;
      const sizes = `${proposalBytesLast}/${proposalBytesMin}/${proposalBytesMax}`;
      lines.push(`Proposal sizes last/min/max: ${sizes}`);
    }
    return `${lines.join('\n')}\n`;
  }

  private clients(): string {
    let text = '';
    for (const connection of this.connections.values()) {
      const { address, receivedCount, sentCount } = connection;
      const counts = `recved=${receivedCount},sent=${sentCount}`;
      text += ` /${address}[1](queued=${connection.queue.count},${counts})\n`;
    }
    return text;
  }

  private mntr(): string {
    const { stats, tree, watches, role, config } = this.context;
    const lines: [name: string, value: string | number][] = [
      ['version', this.version],
      ['server_state', this.mode],
      ['avg_latency', latencyText(stats.latencyMsAverage)],
      ['max_latency', stats.latencyMsMax],
      ['min_latency', stats.latencyMsMin],
      ['packets_received', stats.received],
      ['packets_sent', stats.sent],
      ['num_alive_connections', this.connections.count],
      ['outstanding_requests', this.connections.outstandingCount],
      ['znode_count', tree.count],
      ['watch_count', watches.count],
      ['ephemerals_count', tree.countOfEphemerals],
      ['approximate_data_size', tree.sizeApproximate],
      ['global_sessions', tree.sessions.count],
    ];
    if (role === 'leading' && config.zab.voters.length > 1) {
      lines.push(['quorum_size', config.zab.voters.length]);
    }
    return lines.map(([name, value]) => `zk_${name}\t${value}\n`).join('');
  }

  private conf(): string {
    return linesText(this.context.config.admin.configuration);
  }

  private envi(): string {
    const { environment = [] } = this.context.config.admin;
    return `Environment:\n${linesText([['zookeeper.version', this.version], ...environment])}`;
  }

  /** The sessions that own nodes, and which. */
  private dump(): string {
    let text = `Sessions with Ephemerals (${this.context.tree.ephemeralOwnerCount}):\n`;
    for (const { id, value } of this.context.tree.allEphemerals()) {
      text += `${sessionIdText(id)}:\n`;
      for (const path of value) text += `\t${path}\n`;
    }
    return text;
  }

  private watchSummary(): string {
    const { watches } = this.context;
    let watching = 0;
    for (const { watcher } of this.connections.values()) if (watcher.count > 0) watching++;
    const paths = watches.pathCount;
    return `${watching} connections watching ${paths} paths\nTotal watches:${watches.count}\n`;
  }
}

/** As Java prints a double of at most four decimals. */
function latencyText(ms: number): string {
  const rounded = Math.round(ms * 10_000) / 10_000;
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

function linesText(lines: readonly (readonly [name: string, value: string])[]): string {
  return lines.map(([name, value]) => `${name}=${value}\n`).join('');
}
