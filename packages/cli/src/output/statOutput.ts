import { type SessionId, sessionIdText, zxidText } from '@zookafka/zookeeper-wire';

/** What a znode's Stat holds. */
export interface StatFields {
  readonly czxid: number;
  readonly mzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: SessionId;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: number;
}

/** The layout of zkCli's `stat`. Source: Apache ZooKeeper, `StatPrinter`. */
export function statText(stat: StatFields): string {
  return [
    `cZxid = ${zxidText(stat.czxid)}`,
    `ctime = ${javaDate(stat.ctime)}`,
    `mZxid = ${zxidText(stat.mzxid)}`,
    `mtime = ${javaDate(stat.mtime)}`,
    `pZxid = ${zxidText(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${sessionIdText(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ].join('\n');
}

/** `Sat Nov 21 05:00:00 UTC 2026`, as Java prints a date in UTC. */
function javaDate(wallMs: number): string {
  const [week = '', day = '', month = '', year = '', time = ''] = new Date(wallMs)
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `${week} ${month} ${day} ${time} UTC ${year}`;
}
