import { describe, expect, it, vi } from 'vitest';
import type { Clock } from '#jidoka/base/clock.js';
import { triggerSchema } from '#jidoka/config/schema/station.js';
import type { ReadingValue } from '#jidoka/domain/reading.js';
import { type Announcement, isEdge, isRestart, tagTrigger } from '#jidoka/pipeline/trigger.js';
import type { ReadBeside, TagChange, TagWatcher } from '#jidoka/ports/sensors.js';

const clock: Clock = { nowMs: () => 5000, monotonicMs: () => 100 };

/** A watcher whose changes and answers the test gives by hand. */
class HandWatcher implements TagWatcher {
  readonly asked: ReadBeside[] = [];
  readonly answers: ((values: readonly ReadingValue[] | undefined) => void)[] = [];
  change: (change: TagChange) => void = () => undefined;

  watch(_nodeId: string, _samplingMs: number, onChange: (change: TagChange) => void): () => void {
    this.change = onChange;
    return () => undefined;
  }

  sees(): boolean {
    return true;
  }

  renew(): void {
    throw new Error('not asked for by a trigger');
  }

  readBeside(request: ReadBeside): Promise<readonly ReadingValue[] | undefined> {
    this.asked.push(request);
    return new Promise((resolve) => this.answers.push(resolve));
  }
}

function watched(config: object) {
  const watcher = new HandWatcher();
  const opened: Announcement[] = [];
  const restarted = vi.fn();
  const parsed = triggerSchema.parse({ kind: 'tag', nodeId: 'i=1', ...config });
  if (parsed.kind !== 'tag') throw new Error('no tag');
  tagTrigger(
    parsed,
    watcher,
    clock,
  )((atMs, announcement = {}) => {
    expect(atMs).toBe(5000);
    opened.push(announcement);
  }, restarted);
  const step = (before: ReadingValue, value: ReadingValue) => watcher.change({ before, value, sourceTimeMs: 1 });
  return { watcher, opened, restarted, step };
}

describe('edges', () => {
  it.each([
    [false, true, true, true],
    [true, false, false, true],
    [5, 6, true, true],
    [5, 9, true, true],
    [6, 5, false, true],
    ['a', 'b', false, true],
    // A PLC that counts from the beginning, and its first part.
    [500, 0, false, false],
    [0, 1, true, true],
    // Counters that are full.
    [255, 0, true, true],
    [65_535, 1, true, true],
    [4_294_967_295, 0, true, true],
  ])('%s to %s: rising %s, any %s', (before, value, rising, any) => {
    expect([isEdge({ before, value }, 'rising'), isEdge({ before, value }, 'any')]).toEqual([rising, any]);
  });

  it('tell a restart from an edge', () => {
    const steps: [ReadingValue, ReadingValue][] = [
      [500, 0],
      [255, 0],
      [true, false],
      [0, 1],
    ];
    expect(steps.map(([before, value]) => isRestart({ before, value }))).toEqual([true, false, false, false]);
  });
});

describe('tag trigger', () => {
  it('opens a part with the value of its edge', () => {
    const { opened, step } = watched({});
    step(false, true);
    step(true, false);
    step(false, true);
    expect(opened).toEqual([{ echo: { value: true, pulse: true } }, { echo: { value: true, pulse: true } }]);
  });

  it('says that the PLC has begun anew, and opens no part for that', () => {
    const { opened, restarted, step } = watched({ edge: 'any' });
    step(41, 42);
    step(42, 0);
    step(0, 1);
    expect(opened.map(({ echo }) => echo)).toEqual([
      { value: 42, pulse: false },
      { value: 1, pulse: false },
    ]);
    expect(restarted).toHaveBeenCalledTimes(1);
  });

  it('reads id and recipe beside the edge', async () => {
    const { watcher, opened, step } = watched({ partId: 'i=2', recipe: 'i=3' });
    step(false, true);
    expect(watcher.asked).toMatchObject([{ nodeId: 'i=1', pulse: true, others: ['i=2', 'i=3'] }]);
    watcher.answers[0]?.([4711, 'blue']);
    await expect(opened[0]?.identity).resolves.toEqual({ externalId: '4711', recipe: 'blue' });
  });

  it('takes the counter itself for the id without a read', async () => {
    const { watcher, opened, step } = watched({ partId: 'i=1' });
    step(7, 8);
    await expect(opened[0]?.identity).resolves.toEqual({ externalId: '8' });
    expect(watcher.asked).toEqual([]);
  });

  it.each([
    ['cannot be read', undefined],
    ['are empty', ['', '']],
  ])('gives no id and a recipe that no station has where they %s', async (_, values) => {
    const { watcher, opened, step } = watched({ partId: 'i=2', recipe: 'i=3' });
    step(false, true);
    watcher.answers[0]?.(values);
    await expect(opened[0]?.identity).resolves.toEqual({ recipe: '' });
  });

  it('gives no id to the first of two edges that came before the answer: it may be the second one', async () => {
    const { watcher, opened, step } = watched({ partId: 'i=2' });
    step(false, true);
    step(true, false);
    step(false, true);
    watcher.answers[0]?.([12]);
    watcher.answers[1]?.([12]);
    await expect(Promise.all(opened.map(({ identity }) => identity))).resolves.toEqual([{}, { externalId: '12' }]);
  });
});
