import { afterEach, describe, expect, it } from 'vitest';
import { mosquittoAbsent } from '../simulators/mosquitto.js';
import { drawFault, randomNumbers } from './faults.js';
import { judge } from './judgement.js';
import { Rig } from './rig.js';

/** A short run with every other test; `npm run test:chaos` makes it long. */
const rounds = Number(process.env['JIDOKA_CHAOS_ROUNDS'] ?? 20);
const seed = Number(process.env['JIDOKA_CHAOS_SEED'] ?? Date.now() % 1_000_000);

const say = (text: string): boolean => process.stdout.write(`chaos: ${text}\n`);

describe.skipIf(mosquittoAbsent)(`delivery under chaos${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  let rig: Rig | undefined;

  afterEach(() => rig?.dispose());

  it(
    `loses nothing in ${rounds} rounds (seed ${seed})`,
    async () => {
      const draw = randomNumbers(seed);
      const struck = new Map<string, number>();
      say(`seed ${seed}; the same faults again: JIDOKA_CHAOS_SEED=${seed}`);
      rig = await Rig.start();
      for (let round = 1; round <= rounds; round += 1) {
        // Under load: in the middle of whatever the last fault has left behind.
        await rig.arrived(draw(1, 25));
        const { name, strike } = drawFault(draw);
        await strike(rig, draw).catch((error: unknown) => {
          throw new Error(`round ${round} of seed ${seed}, ${name}`, { cause: error });
        });
        struck.set(name, (struck.get(name) ?? 0) + 1);
      }
      await rig.calm();
      await rig.complete();
      const { parts, duplicates, ...faults } = judge(rig.committed(), await rig.received());
      const kinds = [...struck].map(([name, count]) => `${name} ${count}`).join(', ');
      const found = Object.entries(faults).map(([name, list]) => `${name} ${list.length}`);
      say(`${rounds} rounds (${kinds}); ${parts} parts, duplicates ${duplicates}, ${found.join(', ')}`);
      expect(parts).toBeGreaterThan(rounds);
      expect(faults).toEqual({ lost: [], gaps: [], contradictions: [], outOfOrder: [] });
    },
    rounds * 60_000 + 120_000,
  );
});
