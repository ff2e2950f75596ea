import { describe, expect, it } from 'vitest';
import { BrokerWalk } from '#jidoka/mqtt/broker-walk.js';

/** Without jitter: each wait is the whole of its bound. */
const walk = (count: number, maxMs = 8000): BrokerWalk => new BrokerWalk(count, maxMs, () => 1);
const refused = { code: 'MQTT_UNREACHABLE', livedMs: 0, moveOn: false };
const lived = { code: 'MQTT_CONNECTION_LOST', livedMs: 60_000, moveOn: false };

function steps(broker: BrokerWalk, ending: Parameters<BrokerWalk['ended']>[0], count: number): string[] {
  return Array.from({ length: count }, () => {
    const waitMs = broker.ended(ending);
    return `${waitMs} ${broker.index}`;
  });
}

describe('BrokerWalk', () => {
  it('tries one broker again and again, each wait twice the one before up to the longest', () => {
    expect(steps(walk(1), refused, 6)).toEqual(['500 0', '1000 0', '2000 0', '4000 0', '8000 0', '8000 0']);
  });

  it('goes through the list without a wait, and waits once a round', () => {
    expect(steps(walk(3), refused, 6)).toEqual(['0 1', '0 2', '500 0', '0 1', '0 2', '1000 0']);
  });

  it('begins with the broker that lived, with a short wait, and does not go back to the first by itself', () => {
    const broker = walk(3);
    steps(broker, refused, 4);
    expect(broker.index).toBe(1);
    expect(steps(broker, lived, 1)).toEqual(['500 1']);
    expect(steps(broker, lived, 2)).toEqual(['500 1', '500 1']);
    expect(steps(broker, refused, 3)).toEqual(['0 2', '0 0', '1000 1']);
  });

  it('goes on from a broker that takes the connection and drops it at once', () => {
    expect(steps(walk(2), { ...lived, livedMs: 300 }, 4)).toEqual(['0 1', '500 0', '0 1', '1000 0']);
  });

  it('moves on at once from a broker that sends it away, however long it was good, but not in circles', () => {
    const sentAway = { code: 'MQTT_USE_ANOTHER', livedMs: 60_000, moveOn: true };
    const broker = walk(2);
    expect(steps(broker, sentAway, 1)).toEqual(['0 1']);
    expect(steps(broker, { ...sentAway, livedMs: 5 }, 3)).toEqual(['500 0', '0 1', '1000 0']);
    expect(steps(walk(1), sentAway, 2)).toEqual(['500 0', '500 0']);
  });

  it('asks slowly for what only a person can mend, wherever in the round it was', () => {
    const login = { ...refused, code: 'MQTT_LOGIN_REFUSED' };
    const broker = walk(2);
    expect(broker.ended(login)).toBe(0);
    expect(broker.ended(refused)).toBe(8000);
    expect(steps(broker, refused, 2)).toEqual(['0 1', '500 0']);
    expect(steps(walk(1), { ...lived, code: 'MQTT_TAKEN_OVER' }, 1)).toEqual(['8000 0']);
  });
});
