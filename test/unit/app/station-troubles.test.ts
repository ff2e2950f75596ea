import { describe, expect, it } from 'vitest';
import { stationTroubles } from '#jidoka/app/station-troubles.js';

describe('the troubles of a station', () => {
  const troubles = [
    { where: 'store', text: 'full' },
    { where: 'camera of a', text: 'gone' },
    { where: 'sensors of a', text: 'stale' },
    { where: 'station a', text: 'paused' },
    { where: 'camera of b', text: 'gone' },
    { where: 'station b', text: 'paused' },
  ];

  it('are its own and those of nobody in particular, without its pause', () => {
    expect(stationTroubles('a', ['a', 'b'], troubles)).toEqual([
      { where: 'store', text: 'full', severity: 'warning' },
      { where: 'camera of a', text: 'gone', severity: 'error' },
      { where: 'sensors of a', text: 'stale', severity: 'warning' },
    ]);
    expect(stationTroubles('b', ['a', 'b'], troubles).map(({ where }) => where)).toEqual(['store', 'camera of b']);
  });
});
