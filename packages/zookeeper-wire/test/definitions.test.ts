import { readFileSync } from 'node:fs';
import { describeWithShared } from '@zookafka/testkit';
import { records } from '../src/index.ts';

/** Reads `class Name { type field; ... }` of a jute file: names of records without their modules. */
function parseJute(source: string): Map<string, [string, string][]> {
  const plain = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
  const found = new Map<string, [string, string][]>();
  for (const [, name, body] of plain.matchAll(/class\s+(\w+)\s*\{([^}]*)\}/g)) {
    const fields = [...(body as string).matchAll(/([\w.<>]+?)\s*(?<=[\s>])(\w+)\s*;/g)].map(
      ([, type, field]): [string, string] => [
        field as string,
        (type as string).replace(/[\w.]+\.(\w+)/g, '$1'),
      ],
    );
    found.set(name as string, fields);
  }
  return found;
}

/** Our type names as jute's: halves are longs, and whether null matters is not for jute to say. */
function juteType(type: string): string {
  return type.replace('session', 'long').replace('?', '');
}

describeWithShared('the definitions of ZooKeeper', ['data', 'zookeeper.jute'], (path) => {
  const theirs = parseJute(readFileSync(path, 'utf8'));

  it('are read by this test: all that the file has', () => {
    expect(theirs.size).toBe(72);
    expect(theirs.get('SetWatches')).toContainEqual(['dataWatches', 'vector<ustring>']);
  });

  it.each(Object.entries(records))('are those of %s, field by field', (name, fields) => {
    const ours = Object.entries(fields).map(([field, type]) => [field, juteType(type as string)]);
    expect(ours).toEqual(theirs.get(name));
  });
});
