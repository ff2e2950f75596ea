import { describe, expect, it } from 'vitest';
import { simulatedPart } from '#jidoka/camera/simulated/parts.js';
import { mixSeed, seededRandom } from '#jidoka/camera/simulated/random.js';
import { renderTile, TILE_CLASSES, TILE_DEFECTS } from '#jidoka/camera/simulated/tile.js';

const mean = (data: Uint8Array) => data.reduce((sum, value) => sum + value, 0) / data.length;

describe('tile renderer', () => {
  it.each(TILE_CLASSES)('draws the same %s for the same seed and another for another', (tileClass) => {
    const tile = renderTile({ tileClass, seed: 7 });
    expect(tile).toEqual(renderTile({ tileClass, seed: 7 }));
    expect(tile.data).not.toEqual(renderTile({ tileClass, seed: 8 }).data);
    expect(tile).toMatchObject({ kind: 'raw', format: 'grey8', width: 240, height: 160 });
  });

  it('gives a buffer of the exact size', () => {
    const { data } = renderTile({ tileClass: 'crack', seed: 1, width: 101, height: 53 });
    expect([data.length, data.byteOffset, data.buffer.byteLength]).toEqual([5353, 0, 5353]);
  });

  it.each(TILE_DEFECTS)(
    'makes every %s differ from the sound tile of its seed, in part of the picture',
    (tileClass) => {
      for (let seed = 0; seed < 40; seed += 1) {
        const sound = renderTile({ tileClass: 'free', seed }).data;
        const changed = renderTile({ tileClass, seed }).data.filter(
          (value, index) => Math.abs(value - (sound[index] ?? 0)) > 6,
        );
        expect(changed.length, `seed ${seed}`).toBeGreaterThan(15);
        expect(changed.length, `seed ${seed}`).toBeLessThan(0.97 * sound.length);
      }
    },
  );

  it('makes cracks and blowholes dark and small', () => {
    for (const tileClass of ['crack', 'blowhole'] as const) {
      for (let seed = 0; seed < 20; seed += 1) {
        const sound = renderTile({ tileClass: 'free', seed }).data;
        const { data } = renderTile({ tileClass, seed });
        expect(mean(data)).toBeLessThan(mean(sound) + 0.05);
        expect(data.filter((value, index) => value !== sound[index]).length).toBeLessThan(0.08 * data.length);
      }
    }
  });

  it('varies brightness from tile to tile', () => {
    const means = Array.from({ length: 40 }, (_, seed) => mean(renderTile({ tileClass: 'free', seed }).data));
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(25);
    expect(Math.min(...means)).toBeGreaterThan(30);
    expect(Math.max(...means)).toBeLessThan(180);
  });
});

describe('simulated parts', () => {
  const share = (probability: number) =>
    Array.from({ length: 4000 }, (_, part) => simulatedPart(5, part, probability)).filter(
      ({ tileClass }) => tileClass !== 'free',
    ).length / 4000;

  it('are defective as often as asked, with every defect among them', () => {
    expect(share(0)).toBe(0);
    expect(share(1)).toBe(1);
    expect(share(0.2)).toBeCloseTo(0.2, 1);
    const classes = new Set(Array.from({ length: 300 }, (_, part) => simulatedPart(5, part, 1).tileClass));
    expect([...classes].sort()).toEqual([...TILE_DEFECTS].sort());
  });

  it('only gain defects when the probability rises', () => {
    for (let part = 0; part < 500; part += 1) {
      const cold = simulatedPart(9, part, 0.1);
      if (cold.tileClass !== 'free') expect(simulatedPart(9, part, 0.6)).toEqual(cold);
    }
  });
});

describe('seeded random numbers', () => {
  it('spread evenly and stay in their ranges', () => {
    const random = seededRandom(1);
    const draws = Array.from({ length: 20_000 }, () => random.uniform());
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const count = draws.filter((draw) => Math.floor(draw * 10) === tenth).length;
      expect(count).toBeGreaterThan(1800);
      expect(count).toBeLessThan(2200);
    }
    const normals = Array.from({ length: 20_000 }, () => random.normal());
    const average = normals.reduce((sum, value) => sum + value, 0) / normals.length;
    const variance = normals.reduce((sum, value) => sum + (value - average) ** 2, 0) / normals.length;
    expect(Math.abs(average)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    expect(new Set(Array.from({ length: 500 }, () => random.integer(2, 4)))).toEqual(new Set([2, 3, 4]));
  });

  it('keep neighbouring and large seeds apart', () => {
    const seeds = Array.from({ length: 50_000 }, (_, index) => mixSeed(1, index));
    expect(new Set(seeds).size).toBeGreaterThan(49_990);
    expect(mixSeed(2 ** 32)).not.toBe(mixSeed(0));
    expect(mixSeed(1, 2)).not.toBe(mixSeed(2, 1));
  });
});
