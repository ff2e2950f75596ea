/** Draws of one seeded sequence: the same seed gives the same draws on every machine. */
export interface Random {
  /** Evenly from [0, 1). */
  uniform(): number;
  /** Evenly from [low, high). */
  between(low: number, high: number): number;
  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number;
  /** Approximately normal with mean 0 and standard deviation 1, within ±3.5. */
  normal(): number;
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** Mixes numbers into one 32-bit seed (the finaliser of MurmurHash3), so that neighbours share nothing. */
export function mixSeed(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    // Both halves count: seeds above 2³² stay distinct.
    for (const half of [part >>> 0, Math.floor(part / 2 ** 32) >>> 0]) {
      hash = Math.imul(hash ^ half, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
  }
  return hash >>> 0;
}

/** The generator mulberry32 (T. Ettinger, public domain): 32 bits of state are plenty for pictures. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer: (low, high) => low + Math.floor((high - low + 1) * uniform()),
    // The sum of four uniforms is close enough to a bell for noise, and needs no logarithm for each pixel.
    normal: () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3),
    pick: (items) => items[Math.floor(items.length * uniform())] ?? items[0],
  };
}
