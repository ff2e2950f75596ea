import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SensorSource } from '#jidoka/ports/sensors.js';

/** A sensor source with the world behind it. */
export interface SensorRig {
  /** Not started yet; its first sensor is a number, the second has never a value. */
  readonly source: SensorSource;
  /** The configured sensors in order, at least two. */
  readonly sensors: readonly string[];
  /** Makes what the source reads from reachable, or unreachable. It is unreachable at first. */
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Gives the first sensor a value. */
  set(value: number): Promise<void>;
  dispose(): Promise<void>;
}

const PATIENCE = { timeout: 40_000, interval: 20 };

/** What every implementation of the `SensorSource` port holds; the tests are steps of one story and run in order. */
export function sensorSourceContract(name: string, makeRig: () => Promise<SensorRig>): void {
  describe(`${name} as a sensor source`, () => {
    let rig: SensorRig;
    const abort = new AbortController();

    const first = (atMs: number) => {
      const [reading] = rig.source.snapshot(atMs).readings;
      if (reading === undefined) throw new Error('a snapshot without readings');
      return reading;
    };

    beforeAll(async () => {
      rig = await makeRig();
    });
    afterAll(async () => {
      abort.abort();
      await rig.source.stop();
      await rig.dispose();
    });

    it('gives every sensor in order before it is started, none with a value', () => {
      const { atMs, readings } = rig.source.snapshot(1234);
      expect(atMs).toBe(1234);
      expect(readings.map(({ sensor }) => sensor)).toEqual(rig.sensors);
      for (const reading of readings) {
        expect(reading).toMatchObject({ value: null, quality: 'bad', status: 'NoData', ageMs: null, stale: true });
      }
    });

    it('starts without its server, and says so in each reading', async () => {
      await rig.source.start(abort.signal);
      expect(rig.source.status().state).not.toBe('connected');
      for (const reading of rig.source.snapshot(Date.now()).readings) {
        expect(reading).toMatchObject({ quality: 'bad', stale: true });
      }
    });

    it('finds the server when it comes, and has its value', async () => {
      await rig.connect();
      await vi.waitFor(() => expect(first(Date.now())).toMatchObject({ quality: 'good', stale: false }), PATIENCE);
    });

    it('gives the value of the moment that is asked for, its age reckoned to that moment', async () => {
      await rig.set(1);
      await vi.waitFor(() => expect(first(Date.now()).value).toBe(1), PATIENCE);
      const between = Date.now();
      await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(between + 50), PATIENCE);
      await rig.set(2);
      await vi.waitFor(() => expect(first(Date.now()).value).toBe(2), PATIENCE);
      const reading = first(between);
      expect(reading.value).toBe(1);
      expect(reading.ageMs).toBe(between - (reading.sourceTimeMs ?? 0));
    });

    it('does not stop for a sensor that has no value, and names it', async () => {
      const [, silent] = rig.sensors;
      const reading = rig.source.snapshot(Date.now()).readings[1];
      expect(reading).toMatchObject({ sensor: silent, value: null, quality: 'bad' });
      const { state, faults } = rig.source.status();
      expect(state).toBe('degraded');
      expect([...faults.keys()]).toEqual([silent]);
    });

    it('says that a reading is stale once the server is lost, and is fresh again when it is back', async () => {
      await rig.disconnect();
      await vi.waitFor(() => expect(first(Date.now())).toMatchObject({ value: 2, stale: true }), PATIENCE);
      expect(rig.source.status().state).toBe('disconnected');
      await rig.connect();
      await rig.set(3);
      await vi.waitFor(() => expect(first(Date.now())).toMatchObject({ value: 3, stale: false }), PATIENCE);
    });

    it('stops, twice if asked to, and still answers', async () => {
      await rig.source.stop();
      await rig.source.stop();
      expect(rig.source.status().state).toBe('stopped');
      expect(first(Date.now()).stale).toBe(true);
    });
  });
}
