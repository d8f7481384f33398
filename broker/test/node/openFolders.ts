import { crc32c } from '@zookafka/base';
import { FilePool, type TailCache } from '@zookafka/partition-log';
import { NodeFileSystem } from '@zookafka/runtime';
import { LogFolders } from '../../src/node/logFolders.ts';
import { type LogSettings } from '../../src/node/logSettings.ts';

/** Opens one folder of logs on the real disk, with few open files. */
export function openFolders(
  path: string,
  {
    settings,
    tailCache,
    brokerId = 1,
  }: {
    readonly settings: LogSettings;
    readonly tailCache: TailCache;
    readonly brokerId?: number;
  },
): LogFolders {
  return LogFolders.open({
    paths: [path],
    brokerId,
    settings,
    resources: {
      files: new NodeFileSystem(),
      checksum: crc32c,
      pool: new FilePool({ countMax: 10, bytesMax: 1 << 20 }),
      tailCache,
    },
  });
}
