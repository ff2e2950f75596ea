import { describe, expect, it } from 'vitest';
import { defectProbability, linePart, processAt, SETPOINT_C } from '#jidoka/simline/process-model.js';

const parts = (seed: number, count: number) => Array.from({ length: count }, (_, part) => linePart(seed, part));

describe('process of the simulated line', () => {
  it('repeats itself for a seed and differs between seeds', () => {
    expect(parts(4, 200)).toEqual(parts(4, 200));
    expect(parts(4, 200)).not.toEqual(parts(5, 200));
    expect(linePart(4, 150)).toEqual(parts(4, 151)[150]);
  });

  it('makes more defects the hotter it is', () => {
    const values = { pressure: 6, speed: 24, vibration: 1.6 };
    const rates = [0, 4, 6, 8, 15].map((heat) => defectProbability({ ...values, temperature: SETPOINT_C + heat }));
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(rates[0]).toBeLessThan(0.05);
    expect(rates.at(-1)).toBeGreaterThan(0.6);
  });

  it('shows that in the parts themselves', () => {
    const all = [1, 2, 3].flatMap((seed) => parts(seed, 4000));
    const share = (group: typeof all) => group.filter(({ tileClass }) => tileClass !== 'free').length / group.length;
    const hot = all.filter(({ values }) => values.temperature > SETPOINT_C + 6);
    const cold = all.filter(({ values }) => values.temperature < SETPOINT_C);
    expect(hot.length).toBeGreaterThan(300);
    expect(share(hot)).toBeGreaterThan(0.3);
    expect(share(cold)).toBeLessThan(0.06);
    expect(share(all)).toBeGreaterThan(0.05);
    expect(share(all)).toBeLessThan(0.2);
  });

  it('drifts slowly, within the range of its instruments', () => {
    for (const seed of [1, 2, 3, 4]) {
      let before = processAt(seed, 0);
      for (let time = 0.5; time < 2000; time += 0.5) {
        const now = processAt(seed, time);
        expect(Math.abs(now.temperature - before.temperature)).toBeLessThan(2);
        expect(now.temperature).toBeGreaterThan(150);
        expect(now.temperature).toBeLessThan(210);
        expect(now.pressure).toBeGreaterThan(4);
        expect(now.pressure).toBeLessThan(8);
        expect(now.speed).toBeGreaterThan(20);
        expect(now.vibration).toBeGreaterThan(0);
        before = now;
      }
    }
  });

  it('couples the instruments: heat lowers the pressure', () => {
    const samples = parts(8, 3000).map(({ values }) => values);
    const averages = { t: 0, p: 0 };
    for (const { temperature, pressure } of samples) {
      averages.t += temperature / samples.length;
      averages.p += pressure / samples.length;
    }
    const sums = { tp: 0, tt: 0, pp: 0 };
    for (const { temperature, pressure } of samples) {
      sums.tp += (temperature - averages.t) * (pressure - averages.p);
      sums.tt += (temperature - averages.t) ** 2;
      sums.pp += (pressure - averages.p) ** 2;
    }
    expect(sums.tp / Math.sqrt(sums.tt * sums.pp)).toBeLessThan(-0.6);
  });
});
