import { anatomyText, lastAnatomy, mergeEvents, parseEvents } from '../src/output/anatomy.ts';

const line = (monotonicMs: number, node: string, event: string, facts: object = {}): string =>
  JSON.stringify({ monotonicMs, wallTime: `T${monotonicMs}`, node, event, ...facts });

const broker = [
  line(50, 'broker-2', 'metadataLearned', { topic: 'before' }),
  line(6300, 'broker-2', 'controllerElected', { controllerEpoch: 2 }),
  line(6310, 'broker-2', 'controllerLoaded', { partitions: 3 }),
  line(6330, 'broker-2', 'leaderElected', { partition: 0 }),
  line(6350, 'broker-2', 'metadataLearned'),
  line(6390, 'broker-2', 'firstCommit'),
  '{"torn',
].join('\n');
const others = [
  line(100, 'broker-1', 'killed', { roles: ['controller'] }),
  line(6200, 'coordinator-1', 'sessionExpired', { session: '0x1' }),
  line(6360, 'broker-3', 'metadataLearned'),
].join('\n');

describe('the anatomy of a fail-over', () => {
  const anatomy = lastAnatomy(mergeEvents([parseEvents(broker), parseEvents(others)]));

  it('gives each phase from the end of the one before it', () => {
    expect(anatomy?.phases.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ['detect', 6100],
      ['elect', 100],
      ['load', 10],
      ['decide', 20],
      ['propagate', 30],
      ['client recovers', 30],
    ]);
    expect(anatomy?.totalMs).toBe(6290);
  });

  it('says which event ended a phase, and where', () => {
    expect(anatomy?.phases[0]?.endedBy).toBe('sessionExpired on coordinator-1 session=0x1');
    expect(anatomy && anatomyText(anatomy)).toContain('broker-1 killed (controller) at T100');
  });

  it('leaves out a phase that did not happen', () => {
    const events = parseEvents([line(1, 'a', 'killed'), line(9, 'b', 'leaderElected')].join('\n'));
    const phases = lastAnatomy(events)?.phases ?? [];
    expect(phases.map(({ durationMs }) => durationMs)).toEqual([
      undefined,
      undefined,
      undefined,
      8,
      undefined,
      undefined,
    ]);
  });

  it('knows of no fail-over without a fault', () => {
    expect(lastAnatomy(parseEvents(line(1, 'a', 'serving')))).toBeUndefined();
  });
});
