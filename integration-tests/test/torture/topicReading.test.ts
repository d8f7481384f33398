/** What torture reads is judged by what the log holds, not by how often it was delivered. */
import { TopicReading } from '../../src/torture/topicReading.ts';

describe('the reading of a topic', () => {
  it('is whole once each offset of each partition has come, in whatever order', () => {
    const reading = new TopicReading([2, 1]);
    reading.add({ partition: 0, offset: 1 }, 'second');
    reading.add({ partition: 1, offset: 0 }, 'other');
    expect(reading.isWhole).toBe(false);
    reading.add({ partition: 0, offset: 0 }, 'first');
    expect(reading.isWhole).toBe(true);
    expect(reading.done()).toEqual({
      partitions: [['first', 'second'], ['other']],
      deliveredAgain: 0,
    });
  });

  it('counts a record that came a second time, and does not take it for two', () => {
    const reading = new TopicReading([2]);
    reading.add({ partition: 0, offset: 0 }, 'first');
    reading.add({ partition: 0, offset: 0 }, 'first');
    expect(reading.isWhole).toBe(false);
    expect(reading.done()).toEqual({ partitions: [['first']], deliveredAgain: 1 });
  });

  it('takes a line that stands at two offsets for two', () => {
    const reading = new TopicReading([2]);
    reading.add({ partition: 0, offset: 0 }, 'first');
    reading.add({ partition: 0, offset: 1 }, 'first');
    expect(reading.done()).toEqual({ partitions: [['first', 'first']], deliveredAgain: 0 });
  });

  it('refuses a record that is another one the second time', () => {
    const reading = new TopicReading([1]);
    reading.add({ partition: 0, offset: 0 }, 'first');
    expect(() => {
      reading.add({ partition: 0, offset: 0 }, 'changed');
    }).toThrow('Partition 0 held at 0 first first, then changed');
  });

  it.each([
    [{ partition: 1, offset: 0 }, 'There is no partition 1 with an offset 0: line'],
    [{ partition: 0, offset: NaN }, 'There is no partition 0 with an offset NaN: line'],
  ])('refuses a record of %j', (place, sentence) => {
    expect(() => {
      new TopicReading([1]).add(place, 'line');
    }).toThrow(sentence);
  });
});
