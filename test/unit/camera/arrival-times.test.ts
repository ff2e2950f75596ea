import { describe, expect, it } from 'vitest';
import { ArrivalTimes } from '#jidoka/camera/http/arrival-times.js';

/** Runs the beat from one time to another, as the event loop does when nothing holds it up. */
function beats(times: ArrivalTimes, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 10) times.beat(nowMs);
}

describe('the age of what is read from a socket', () => {
  it('is nothing while the process is there', () => {
    const times = new ArrivalTimes(0);
    beats(times, 10, 100);
    expect(times.read(100)).toBe(0);
    beats(times, 110, 2000);
    expect(times.read(2000)).toBe(0);
  });

  it('is that of a halt for what is read after it, until the socket was empty', () => {
    const times = new ArrivalTimes(0);
    beats(times, 10, 100);
    times.beat(3100);
    expect([times.read(3101), times.read(3105)]).toEqual([3001, 3005]);
    times.beat(3110);
    // The loop has come by once: this may be what it finds there.
    expect(times.read(3111)).toBe(3011);
    beats(times, 3120, 3140);
    expect(times.read(3141)).toBe(0);
  });

  it('is that of a halt whether a beat or the bytes come first after it', () => {
    const times = new ArrivalTimes(0);
    expect(times.read(2000)).toBe(2000);
    times.beat(2001);
    expect(times.read(2002)).toBe(2002);
  });

  it('is nothing again after a time as long as the halt, where the socket is never empty', () => {
    const times = new ArrivalTimes(0);
    times.beat(1000);
    for (let nowMs = 1001; nowMs <= 2000; nowMs += 5) {
      if (nowMs % 10 === 6) times.beat(nowMs);
      expect(times.read(nowMs)).toBe(nowMs);
    }
    expect(times.read(2005)).toBe(0);
  });

  it('reaches back to the first of several halts in a row', () => {
    const times = new ArrivalTimes(0);
    times.beat(1000);
    times.read(1001);
    times.beat(1500);
    expect(times.read(1501)).toBe(1501);
  });
});
