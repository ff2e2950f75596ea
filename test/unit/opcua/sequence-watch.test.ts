import { describe, expect, it } from 'vitest';
import { SequenceWatch } from '#jidoka/opcua/sequence-watch.js';

/** Takes `d5` as data with the number 5 and `k5` as a keep-alive that announces 5; gives what was missing each time. */
function missing(...arrivals: string[]): number[] {
  const watch = new SequenceWatch();
  return arrivals.map((arrival) => watch.take(Number(arrival.slice(1)), arrival.startsWith('k')));
}

describe('the numbers of notifications', () => {
  it('in a row miss nothing, with keep-alives between them', () => {
    expect(missing('k1', 'd1', 'd2', 'k3', 'k3', 'd3', 'k4')).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('tell how many were lost, by the next data or by a keep-alive, and once only', () => {
    expect(missing('d1', 'd4', 'd5')).toEqual([0, 2, 0]);
    expect(missing('d1', 'k3', 'k3', 'd3')).toEqual([0, 1, 0, 0]);
  });

  it('may begin anywhere', () => {
    expect(missing('k0', 'd17', 'd18')).toEqual([0, 0, 0]);
  });

  it('that come again are no loss, nor is what follows them', () => {
    expect(missing('d5', 'd6', 'd5', 'd7')).toEqual([0, 0, 0, 0]);
  });

  it('of a server that repeats the last number in its keep-alives are no loss', () => {
    expect(missing('d1', 'k1', 'd2', 'k2', 'd3')).toEqual([0, 0, 0, 0, 0]);
  });

  it('begin again at 1 after the largest', () => {
    expect(missing('d4294967294', 'd4294967295', 'd1', 'd2')).toEqual([0, 0, 0, 0]);
  });
});
