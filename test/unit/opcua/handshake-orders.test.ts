import { describe, expect, it } from 'vitest';
import type { HandshakeRules } from '#jidoka/opcua/handshake-state.js';
import { HandshakeWorld } from '../../simulators/handshake-world.js';

const at = { graceMs: 100, delay: { by: 'nothing' } } as const;
const RULES: Record<string, HandshakeRules> = {
  'no handshake': { handshake: false, ackTimeoutMs: undefined, deadlineMs: undefined, ...at },
  'a deadline alone': { handshake: false, ackTimeoutMs: undefined, deadlineMs: 300, ...at },
  'a handshake without acknowledgement': { handshake: true, ackTimeoutMs: undefined, deadlineMs: 300, ...at },
  'a handshake with acknowledgement': { handshake: true, ackTimeoutMs: 400, deadlineMs: 300, ...at },
  'a delay by time': {
    handshake: true,
    ackTimeoutMs: 400,
    deadlineMs: 200,
    graceMs: 100,
    delay: { by: 'time', ms: 350 },
  },
  'a delay by parts': {
    handshake: false,
    ackTimeoutMs: undefined,
    deadlineMs: undefined,
    graceMs: 100,
    delay: { by: 'parts', count: 1 },
  },
};
const DEPTH = Number(process.env['JIDOKA_HANDSHAKE_DEPTH'] ?? 5);
const WALKS = Number(process.env['JIDOKA_HANDSHAKE_WALKS'] ?? 150);

describe.each(Object.entries(RULES))('the handshake, with %s', (_, rules) => {
  it(`keeps every rule in every order of ${DEPTH} events after the start`, () => {
    let orders = 0;
    const explore = (world: HandshakeWorld, depth: number): void => {
      if (depth === 0) {
        orders += 1;
        world.finish();
        return;
      }
      for (const happening of world.possible()) {
        const next = world.fork();
        // So that deadlines pass between some events and not between others.
        next.wait(happening.kind === 'tick' ? 260 : 50);
        next.happen(happening);
        explore(next, depth - 1);
      }
    };
    const started = new HandshakeWorld(rules, 2);
    started.happen({ kind: 'live' });
    started.happen({ kind: 'reset' });
    started.happen({ kind: 'accepting', on: true });
    explore(started, DEPTH);
    explore(new HandshakeWorld(rules, 2), DEPTH - 1);
    expect(orders).toBeGreaterThan(DEPTH ** 3);
  });

  it('keeps every rule on long random ways, and comes to rest after each', () => {
    let presented = 0;
    for (let seed = 1; seed <= WALKS; seed += 1) {
      const random = generator(seed);
      const world = new HandshakeWorld(rules);
      const trail: string[] = [];
      try {
        for (let step = 0; step < 300; step += 1) {
          const choices = world
            .possible()
            .filter(({ kind }) => (kind !== 'down' && kind !== 'restarted') || random() < 0.1);
          const happening = choices[Math.floor(random() * choices.length)];
          if (happening === undefined) continue;
          world.wait(Math.floor(random() * 60));
          trail.push(`${world.atMs} ${JSON.stringify(happening)}`);
          world.happen(happening);
        }
        world.finish();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}\n${trail.slice(-40).join('\n')}`);
      }
      expect(world.state.gone.size).toBe(0);
      presented += world.presented.length;
    }
    expect(presented).toBeGreaterThan(WALKS);
  });
});

/** Park and Miller's minimal standard generator. */
function generator(seed: number): () => number {
  let value = seed;
  return () => {
    value = (value * 48_271) % 2_147_483_647;
    return value / 2_147_483_647;
  };
}
