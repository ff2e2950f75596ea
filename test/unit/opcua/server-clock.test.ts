import { describe, expect, it } from 'vitest';
import { ServerClock } from '#jidoka/opcua/server-clock.js';

/** A gateway and a server, each with a clock of its own, and a network between them. */
class World {
  monotonic = 5000;
  wallAheadMs = 1_700_000_000_000;
  serverAheadMs = 0;
  readonly clock = new ServerClock({
    nowMs: () => this.monotonic + this.wallAheadMs,
    monotonicMs: () => this.monotonic,
  });

  /** Asks for the time over a network that takes so long there and back. */
  ask(thereMs: number, backMs: number, coarseMs = 0): void {
    const askedAtMs = this.monotonic;
    this.monotonic += thereMs;
    const exactMs = this.monotonic + this.wallAheadMs + this.serverAheadMs;
    const serverMs = coarseMs === 0 ? exactMs : Math.floor(exactMs / coarseMs) * coarseMs;
    this.monotonic += backMs;
    this.clock.take({ askedAtMs, answeredAtMs: this.monotonic, serverMs, coarseMs });
  }

  pass(ms: number): void {
    this.monotonic += ms;
  }
}

describe("the estimate of the server's clock", () => {
  it('is nothing before the first reading, and corrects nothing', () => {
    const { clock } = new World();
    expect(clock.estimate()).toBeNull();
    expect(clock.correctionMs).toBe(0);
  });

  it('is wrong by no more than half the way there and back', () => {
    const world = new World();
    world.serverAheadMs = -180_000;
    world.ask(30, 2);
    const { aheadMs, errorMs } = world.clock.estimate() ?? { aheadMs: 0, errorMs: 0 };
    expect(errorMs).toBeCloseTo(16, 1);
    expect(Math.abs(aheadMs + 180_000)).toBeLessThanOrEqual(errorMs);
  });

  it('believes the reading that was least delayed, as long as it is not too old', () => {
    const world = new World();
    world.serverAheadMs = 500;
    world.ask(1, 1);
    world.pass(60_000);
    world.ask(400, 0);
    expect(world.clock.estimate()?.aheadMs).toBeCloseTo(500, 0);
    expect(world.clock.estimate()?.errorMs).toBeLessThan(35);
    world.pass(24 * 3_600_000);
    world.ask(40, 0);
    expect(world.clock.estimate()?.errorMs).toBeCloseTo(20, 0);
  });

  it("follows a server whose clock is set, and a gateway's whose is", () => {
    const world = new World();
    world.ask(1, 1);
    world.pass(60_000);
    world.serverAheadMs = 3000;
    world.ask(50, 0);
    expect(world.clock.estimate()?.aheadMs).toBeGreaterThan(2900);
    // Only the gateway's wall clock is set: known at once, without another reading.
    world.wallAheadMs += 3000;
    expect(world.clock.estimate()?.aheadMs).toBeLessThan(100);
  });

  it('of a clock that is told by whole seconds knows how little it knows', () => {
    const world = new World();
    world.serverAheadMs = 10_300;
    world.ask(1, 1, 1000);
    const { aheadMs, errorMs } = world.clock.estimate() ?? { aheadMs: 0, errorMs: 0 };
    expect(errorMs).toBeCloseTo(501, 0);
    expect(Math.abs(aheadMs - 10_300)).toBeLessThanOrEqual(errorMs);
  });

  it('corrects nothing where the clocks agree within its doubt, and does not tremble where they do not', () => {
    const world = new World();
    world.serverAheadMs = 20;
    world.ask(1, 1);
    expect(world.clock.correctionMs).toBe(0);
    world.serverAheadMs = -180_000;
    world.ask(1, 1);
    expect(world.clock.correctionMs).toBe(-180_000);
    for (const drift of [-5, 7, 12, -9]) {
      world.pass(60_000);
      world.serverAheadMs = -180_000 + drift;
      world.ask(1, 1);
      expect(world.clock.correctionMs).toBe(-180_000);
    }
    world.serverAheadMs = 0;
    world.ask(1, 1);
    expect(world.clock.correctionMs).toBe(0);
  });
});
