import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Chore, Housekeeper } from '#jidoka/store/housekeeper.js';

let housekeeper: Housekeeper;

afterEach(() => housekeeper.stop());

/** A chore that has more to do as long as `steps` lasts. */
function chore(name: string, steps: number, log: string[]): Chore {
  let left = steps;
  return {
    name,
    step: async () => {
      log.push(name);
      left -= 1;
      return left > 0;
    },
  };
}

describe('Housekeeper', () => {
  it('takes the chores in turn until none has more to do, then waits', async () => {
    const log: string[] = [];
    housekeeper = new Housekeeper([chore('a', 3, log), chore('b', 1, log)], {
      idleMs: 1e6,
      pauseMs: 0,
      onTrouble: () => undefined,
    });
    housekeeper.start();
    await vi.waitFor(() => expect(log).toHaveLength(6));
    await housekeeper.stop();
    expect(log).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('begins again after the idle time', async () => {
    const log: string[] = [];
    housekeeper = new Housekeeper([chore('a', 1, log)], { idleMs: 1, onTrouble: () => undefined });
    housekeeper.start();
    await vi.waitFor(() => expect(log.length).toBeGreaterThan(3));
  });

  it('tells of a chore that fails, and goes on with the others', async () => {
    const log: string[] = [];
    const onTrouble = vi.fn();
    const broken: Chore = { name: 'broken', step: () => Promise.reject(new Error('disk')) };
    housekeeper = new Housekeeper([broken, chore('b', 2, log)], { idleMs: 1e6, pauseMs: 0, onTrouble });
    housekeeper.start();
    await vi.waitFor(() => expect(log).toEqual(['b', 'b']));
    expect(onTrouble).toHaveBeenCalledWith('broken', 'disk');
  });

  it('stops after the step that is under way, and says nothing of its failure then', async () => {
    const onTrouble = vi.fn();
    const log: string[] = [];
    let fail: (error: Error) => void = () => undefined;
    const hanging: Chore = {
      name: 'hanging',
      step: () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    };
    housekeeper = new Housekeeper([hanging, chore('b', 1, log)], { onTrouble });
    housekeeper.start();
    const stopped = housekeeper.stop();
    fail(new Error('closed'));
    await stopped;
    expect(onTrouble).not.toHaveBeenCalled();
    expect(log).toEqual([]);
  });
});
