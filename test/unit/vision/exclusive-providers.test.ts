import { describe, expect, it } from 'vitest';
import { exclusively } from '#jidoka/vision/exclusive-providers.js';

/** Runs three steps that each give way to the event loop, and tells the most that were under way at once. */
async function mostAtOnce(providers: readonly string[]): Promise<number> {
  let now = 0;
  let most = 0;
  const step = async (): Promise<void> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
  };
  await Promise.all([1, 2, 3].map(() => exclusively(providers, step)));
  return most;
}

describe('exclusively', () => {
  it('runs one step at a time where WebGPU may be in use', async () => {
    expect(await mostAtOnce(['webgpu'])).toBe(1);
    expect(await mostAtOnce(['cuda', 'webgpu', 'cpu'])).toBe(1);
  });

  it('lets other providers run at once', async () => {
    expect(await mostAtOnce(['cpu'])).toBe(3);
  });

  it('goes on after a step that failed', async () => {
    const failing = exclusively(['webgpu'], () => Promise.reject(new Error('no adapter')));
    const next = exclusively(['webgpu'], () => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('no adapter');
    expect(await next).toBe('next');
  });
});
