/**
 * Providers whose sessions crash the process when two threads use them at the same time, be they of one model or of
 * two: onnxruntime-node 1.30 with WebGPU (segmentation fault while loading, abort while running). One after the other
 * they work.
 */
const ALONE: ReadonlySet<string> = new Set(['webgpu']);

let last: Promise<unknown> = Promise.resolve();

export function runsAlone(provider: string): boolean {
  return ALONE.has(provider);
}

/** Runs the step when no other step with such a provider runs anywhere in the process; others run at once. */
export function exclusively<T>(providers: readonly string[], step: () => Promise<T>): Promise<T> {
  if (!providers.some(runsAlone)) return step();
  const result = last.then(step);
  last = result.catch(() => undefined);
  return result;
}
