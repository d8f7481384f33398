import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, temporaryFolder } from '@zookafka/testkit';
import { openMemberStore, type StoreEvents } from '../src/index.ts';

const library = join(repositoryRoot(), 'packages', 'runtime', 'lib', 'index.js');
const silent: StoreEvents = {
  onDurable: () => undefined,
  onSnapshotStored: () => undefined,
  onFailed: () => undefined,
};

/** Logs as fast as it can, and says what is durable. */
const program = `
  const { openMemberStore } = require(process.argv[1]);
  let zxid = 0;
  openMemberStore({
    folder: process.argv[2],
    serverId: 1,
    mode: process.argv[3],
    events: {
      onDurable: (token) => { process.stdout.write(token + '\\n'); next(); },
      onSnapshotStored: () => {},
      onFailed: (error) => { throw error; },
    },
  }).then((store) => {
    zxid = store.recovered.log.at(-1)?.zxid ?? 0;
    next = () => {
      for (let count = 0; count < 20; count++) {
        zxid++;
        store.submit({ kind: 'append', entries: [{ zxid, bytes: new Uint8Array(200) }], committedZxid: 0 });
      }
      store.submit({ kind: 'setAcceptedEpoch', epoch: zxid }, zxid);
    };
    next();
    next();
  });
  let next;
`;

describe('MemberStore', () => {
  const folder = temporaryFolder();

  it.each(['worker', 'loop'] as const)(
    'keeps what it acknowledged through kills of its process (%s)',
    async (mode) => {
      expect(existsSync(library)).toBe(true);
      let acknowledged = 0;
      for (let life = 0; life < 5; life++) {
        const child = spawn(process.execPath, ['-e', program, library, folder(), mode], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        let text = '';
        for await (const chunk of child.stdout) {
          text += String(chunk);
          if (text.split('\n').length > 50 + life) child.kill('SIGKILL');
        }
        await ended;
        const lines = text.split('\n').slice(0, -1);
        acknowledged = Math.max(acknowledged, Number(lines.at(-1) ?? 0));
        const store = await openMemberStore({
          folder: folder(),
          serverId: 1,
          events: silent,
          mode: 'loop',
        });
        const { log, meta } = store.recovered;
        expect(log.map(({ zxid }) => zxid)).toEqual(log.map((_, index) => index + 1));
        expect(log.length).toBeGreaterThanOrEqual(acknowledged);
        expect(meta.acceptedEpoch).toBe(log.length);
        await store.close();
      }
      expect(acknowledged).toBeGreaterThan(1000);
    },
  );
});
