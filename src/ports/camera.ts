import type { OverflowPolicy } from '../base/bounded-queue.js';
import type { Frame } from '../domain/frame.js';

export interface CameraStatus {
  /** `waiting`: connected, nothing to show yet. */
  readonly state: 'starting' | 'running' | 'waiting' | 'failed' | 'stopped';
  /** A plain sentence for the operator. */
  readonly text: string;
  readonly framesTaken: number;
  /** Frames the camera itself lost or overwrote before the station could take them. */
  readonly framesDropped: number;
  /** Files set aside with a reason since the start. */
  readonly quarantined: number;
}

/** What is left of a frame when its picture is no longer needed. */
export type FrameToken = Pick<Frame, 'sequence' | 'origin'>;

/**
 * A source of pictures.
 *
 * The station asks for frames one at a time and has at most one `frames()` iteration open. A camera that can wait (a
 * folder) yields the next frame when asked; one that cannot (a live stream) keeps a bounded number, drops the oldest
 * and counts it. The constructor does nothing; `frames(signal)` opens the device and, once the signal aborts, ends the
 * iteration and leaves nothing running, open or locked.
 *
 * Trouble with the device is the camera's own to handle: it reports `failed` in its status, backs off and tries again.
 * `frames` throws only a configuration error (a JidokaError with consequence `config`), as when the folder to replay
 * does not exist.
 */
export interface Camera {
  /** What the station's queue does when frames come faster than they are inspected, unless the config says otherwise. */
  readonly overflow: OverflowPolicy;
  frames(signal: AbortSignal): AsyncIterable<Frame>;
  /**
   * Takes one picture now, for a part that has just been opened: exposed after the call, and not given out by `frames` as
   * well. Resolves with undefined when there is none within `timeoutMs` (the status says why) or the signal aborts;
   * never rejects. Several may be under way. Present only while `frames` is open, on a camera that takes pictures when
   * asked; one that runs freely has none, and its frames are paired with parts by their times.
   */
  readonly capture?: ((timeoutMs: number, signal: AbortSignal) => Promise<Frame | undefined>) | undefined;
  /** Says that a frame could not be decoded: the directory camera lists its file as quarantined. Never rejects. */
  unreadable(frame: Frame, reason: string): Promise<void>;
  /**
   * Says that a frame's inspection is committed, which may be long after the verdict: the directory camera with `after: delete` now deletes its file. Never
   * rejects; a file that cannot be deleted is logged and told in the status.
   */
  inspected(frame: FrameToken): Promise<void>;
  status(): CameraStatus;
}
