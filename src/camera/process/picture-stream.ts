import { connect, type Socket } from 'node:net';
import { messageOf } from '../../base/errors.js';
import { PamFraming } from '../ffmpeg/pam.js';
import { GdpFraming } from '../gstreamer/gdp.js';
import { CaptureClock } from './capture-clock.js';
import { type Framing, StreamFault, type StreamPicture } from './framing.js';
import { LostPictures } from './lost-pictures.js';
import type { ReceivedPicture, StreamEnd, StreamOptions } from './reader-messages.js';

/** Pictures sent and not yet taken over, at most. Beyond them the newest waits, and takes the place of an older one. */
const UNDER_WAY = 2;

export interface PictureStreamListener {
  onPicture(picture: ReceivedPicture): void;
  /** Called once; nothing comes after it. */
  onEnd(end: StreamEnd): void;
}

/**
 * Reads one life's stream, in the reader's thread. The system writes the pixels into the picture's own buffer: nothing
 * copies them before the buffer is handed over. The stream is always read to its end, however slowly pictures are taken,
 * so that the program is never held up and what comes out of it is new.
 */
export class PictureStream {
  readonly #listener: PictureStreamListener;
  readonly #framing: Framing;
  readonly #captureClock: CaptureClock;
  readonly #lostPictures: LostPictures;
  readonly #socket: Socket;
  #underWay = 0;
  #lost = 0;
  #newest: ReceivedPicture | undefined;
  #beganAt: { readonly monotonicMs: number; readonly wallMs: number } | undefined;
  #fault: StreamEnd['fault'];

  constructor(options: StreamOptions, listener: PictureStreamListener) {
    this.#listener = listener;
    this.#framing = options.framing === 'gdp' ? new GdpFraming() : new PamFraming();
    this.#captureClock = new CaptureClock(options.latencyMs);
    this.#lostPictures = new LostPictures(options.constantRate);
    this.#socket = connect({
      path: options.path,
      onread: { buffer: () => this.#framing.target(), callback: (bytes) => this.#read(bytes) },
    });
    this.#socket.on('error', (error) => this.#fail({ kind: 'unreadable', text: error.message }));
    this.#socket.on('close', () => this.#end());
  }

  /** A picture has been taken over. */
  taken(): void {
    this.#underWay -= 1;
    this.#send();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: number): boolean {
    // A picture is as old as its first bytes: how long the rest takes depends on this gateway alone.
    this.#beganAt ??= { monotonicMs: performance.now(), wallMs: Date.now() };
    try {
      const picture = this.#framing.advance(bytes);
      if (picture !== undefined) this.#accept(picture, this.#beganAt);
      if (!this.#framing.midway) this.#beganAt = undefined;
      return true;
    } catch (error) {
      const kind = error instanceof StreamFault ? error.kind : 'unreadable';
      this.#fail({ kind, text: messageOf(error) });
      return false;
    }
  }

  #accept(picture: StreamPicture, came: { readonly monotonicMs: number; readonly wallMs: number }): void {
    const { format, width, height, data, sentAtMs } = picture;
    this.#lost += this.#lostPictures.before(picture);
    if (this.#newest !== undefined) {
      this.#lost += 1 + this.#newest.lost;
      this.#framing.recycle(this.#newest.image.data);
    }
    this.#newest = {
      image: { kind: 'raw', format, width, height, data },
      capturedAtMs: this.#captureClock.capturedAtMs(sentAtMs, came.monotonicMs, came.wallMs),
      lost: this.#lost,
    };
    this.#lost = 0;
    this.#send();
  }

  #send(): void {
    if (this.#newest === undefined || this.#underWay >= UNDER_WAY) return;
    const picture = this.#newest;
    this.#newest = undefined;
    this.#underWay += 1;
    this.#listener.onPicture(picture);
  }

  #fail(fault: StreamEnd['fault']): void {
    this.#fault ??= fault;
    this.#socket.destroy();
  }

  #end(): void {
    const { midway } = this.#framing;
    // The last picture of a stream is not lost because two others are under way.
    this.#underWay = 0;
    this.#send();
    this.#listener.onEnd({ ...(this.#fault !== undefined && { fault: this.#fault }), midway });
  }
}
