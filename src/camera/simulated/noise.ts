import type { Random } from './random.js';

/** A smooth random field: values in [-1, 1], defined for every x and y. */
export type Field = (x: number, y: number) => number;

/**
 * Value noise: random values on a lattice, blended smoothly between its points. `cellX` and `cellY` are the lattice's
 * spacing in pixels; very unequal ones give streaks. The lattice repeats after `period` cells.
 */
export function valueNoise(random: Random, cellX: number, cellY: number, period = 128): Field {
  const lattice = new Float32Array(period * period);
  for (let i = 0; i < lattice.length; i += 1) lattice[i] = random.uniform() * 2 - 1;
  return (x, y) => {
    const u = x / cellX;
    const v = y / cellY;
    const column = Math.floor(u);
    const row = Math.floor(v);
    const fx = smooth(u - column);
    const fy = smooth(v - row);
    const left = wrap(column, period);
    const right = left + 1 === period ? 0 : left + 1;
    const top = wrap(row, period) * period;
    const bottom = wrap(row + 1, period) * period;
    const upper = mix(lattice[top + left] ?? 0, lattice[top + right] ?? 0, fx);
    const lower = mix(lattice[bottom + left] ?? 0, lattice[bottom + right] ?? 0, fx);
    return mix(upper, lower, fy);
  };
}

/** 0 at or below `low`, 1 at or above `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  return smooth(Math.min(1, Math.max(0, (value - low) / (high - low))));
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

function wrap(index: number, period: number): number {
  const rest = index % period;
  return rest < 0 ? rest + period : rest;
}
