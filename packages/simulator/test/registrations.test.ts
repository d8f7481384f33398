/** When the simulator may cut a broker's power: what is under way from an earlier fault counts. */
import { areSettled, type Standing } from '../src/registrations.ts';

const first: Standing = { brokerId: 1, brokerEpoch: 10, registeredEpoch: 10 };
const second: Standing = { brokerId: 2, brokerEpoch: 20, registeredEpoch: 20 };
const whole = { leader: 1, isr: [2, 1], mzxid: 21 };

describe('brokers are settled', () => {
  it('when each stands in each ISR by the registration of its present life', () => {
    expect(areSettled([first, second], [whole, { ...whole, leader: 2 }])).toBe(true);
  });

  it.each<[string, Standing, (typeof whole)[]]>([
    ['an ISR lacks one', second, [whole, { ...whole, isr: [1] }]],
    ['one is registered since the ISR was written', second, [whole, { ...whole, mzxid: 19 }]],
    ['one has not registered in this life', { ...second, brokerEpoch: -1 }, [whole]],
    ['one stands by its earlier registration', { ...second, registeredEpoch: 15 }, [whole]],
    ['the registration of one is gone', { ...second, registeredEpoch: -1 }, [whole]],
  ])('not when %s', (_, standing, states) => {
    expect(areSettled([first, standing], states)).toBe(false);
  });

  it('not before each partition has a state', () => {
    expect(areSettled([first], [whole, undefined])).toBe(false);
  });
});
