import { BoundedQueue } from '../../base/bounded-queue.js';
import type { Frame } from '../../domain/frame.js';
import type { CameraState } from '../camera-state.js';

/** Frames that wait at most; a live camera that is not read drops the oldest and counts it. */
const FRAMES_HELD = 4;

/**
 * Runs the producer of a live camera for as long as its frames are asked for. The producer ends once its signal
 * aborts, with nothing left running; an error it throws is a programming error and ends the iteration.
 */
export async function* liveFrames(
  signal: AbortSignal,
  state: CameraState,
  produce: (signal: AbortSignal, push: (frame: Frame) => void) => Promise<void>,
): AsyncGenerator<Frame, void> {
  const queue = new BoundedQueue<Frame>(FRAMES_HELD, 'drop-oldest', () => {
    state.framesDropped += 1;
  });
  const readerGone = new AbortController();
  const end = (): void => queue.close();
  signal.addEventListener('abort', end, { once: true });
  const producing = produce(AbortSignal.any([signal, readerGone.signal]), (frame) => void queue.push(frame)).finally(
    end,
  );
  try {
    while (!signal.aborted) {
      const frame = await queue.shift();
      if (frame === undefined || signal.aborted) break;
      state.framesTaken += 1;
      yield frame;
    }
  } finally {
    readerGone.abort();
    signal.removeEventListener('abort', end);
    await producing;
    state.set('stopped', 'The camera is stopped.');
  }
}
