import { World } from './world.ts';

describe('the control plane on an ensemble', () => {
  it('registers, elects one controller, creates a topic and tells every broker who leads', () => {
    const world = new World().startAll().run(2000);
    expect(world.ensemble.tree.children('/brokers/ids').sort()).toEqual(['1', '2', '3']);
    const token = world.createTopic(world.host(2), 'logs', [
      [1, 2],
      [2, 3],
      [3, 1],
    ]);
    world.run(1000);
    expect(world.host(2).created.get(token)).toMatchObject([{ errorCode: 0, partitions: 3 }]);
    for (const host of world.hosts) {
      expect(host.states.map(({ leader, isr }) => [leader, isr])).toEqual([
        [1, [1, 2]],
        [2, [2, 3]],
        [3, [3, 1]],
      ]);
    }
  });
});
