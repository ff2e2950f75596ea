import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.js';
import type { JidokaError } from '../../base/errors.js';
import { cameraErrors } from '../errors.js';
import { noPicture } from './answer.js';
import { ArrivalTimes, BEAT_MS } from './arrival-times.js';
import { JpegScanner, type Scanned } from './jpeg-scanner.js';
import { networkError } from './network-errors.js';
import { tooLarge } from './snapshot.js';

const HEAD_BYTES = 512;

export interface StreamOptions {
  readonly where: string;
  readonly maxFrameBytes: number;
  /** The stream is given up when no whole picture came for this long. */
  readonly stallAfterMs: number;
  readonly clock: Clock;
  /**
   * Called with each picture, whole or not. The time of a whole one is the latest at which its first bytes can have come
   * to this gateway for certain, on the wall clock. An error that is returned ends the stream.
   */
  readonly onScanned: (scanned: Scanned) => JidokaError | undefined;
}

/**
 * Reads a stream of pictures for as long as it lasts, as fast as it comes: what nobody takes must not lie in the socket.
 * Resolves with what ended it, once its connection is closed. What is there of an answer without pictures is quoted.
 */
export function readStream(response: IncomingMessage, options: StreamOptions): Promise<JidokaError> {
  const { where, maxFrameBytes, stallAfterMs, clock, onScanned } = options;
  const scanner = new JpegScanner(maxFrameBytes);
  const arrivals = new ArrivalTimes(clock.monotonicMs());
  let head = Buffer.alloc(0);
  let pictures = 0;
  let lastFault: Scanned['kind'] | undefined;
  let failure: JidokaError | undefined;

  /** Why there is no picture: what was seen last tells more than that none came. */
  const stalled = (got: string): JidokaError => {
    if (lastFault === 'truncated') return cameraErrors.CAMERA_HTTP_TRUNCATED({ where, got });
    if (lastFault === 'too-large') return cameraErrors.CAMERA_HTTP_TOO_LARGE(tooLarge(where, maxFrameBytes));
    // The head of a part may come long before its picture; a page is none.
    if (pictures === 0 && !scanner.inPicture && /<\w/.test(head.toString('latin1')))
      return noPicture(response, head, where);
    return cameraErrors.CAMERA_HTTP_STALLED({ where, got });
  };

  return new Promise((resolve) => {
    const fail = (error: JidokaError): void => {
      failure ??= error;
      response.destroy();
    };
    const silence = setTimeout(() => fail(stalled(`no whole picture for ${stallAfterMs} ms`)), stallAfterMs);
    const beat = setInterval(() => arrivals.beat(clock.monotonicMs()), BEAT_MS);
    response.on('data', (chunk: Buffer) => {
      if (failure !== undefined) return;
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      const atMs = clock.nowMs() - arrivals.read(clock.monotonicMs());
      for (const scanned of scanner.push(chunk, atMs)) {
        if (scanned.kind === 'picture') {
          pictures += 1;
          lastFault = undefined;
          silence.refresh();
        } else lastFault = scanned.kind;
        const error = onScanned(scanned);
        if (error !== undefined) return fail(error);
      }
    });
    response.on('end', () => {
      if (pictures === 0 && !scanner.inPicture) fail(noPicture(response, head, where));
      else fail(cameraErrors.CAMERA_HTTP_LOST({ where, got: 'the end of the stream' }));
    });
    response.on('error', (error) => fail(networkError(error, where)));
    response.on('close', () => {
      clearTimeout(silence);
      clearInterval(beat);
      if (scanner.inPicture) onScanned({ kind: 'truncated' });
      resolve(failure ?? cameraErrors.CAMERA_HTTP_LOST({ where }));
    });
  });
}
