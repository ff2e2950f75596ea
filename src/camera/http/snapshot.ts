import type { IncomingMessage } from 'node:http';
import { cameraErrors } from '../errors.js';
import { noPicture } from './answer.js';
import { JpegScanner } from './jpeg-scanner.js';
import { networkError } from './network-errors.js';
import type { Size } from './size-guard.js';

const HEAD_BYTES = 512;
/** A picture is the first thing in its answer, give or take a preamble. */
const MAX_PREAMBLE_BYTES = 65_536;

export interface SnapshotOptions {
  readonly where: string;
  readonly maxFrameBytes: number;
  /** How long the body may take. */
  readonly timeoutMs: number;
}

export interface Snapshot {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly size: Size;
}

/**
 * Reads one picture from an answer. It is whole with its end marker, whatever length the answer gives. The connection is
 * kept for the next request where the answer ends with the picture, else it is closed.
 * @throws JidokaError (transient) CAMERA_HTTP_…
 */
export function readSnapshot(response: IncomingMessage, options: SnapshotOptions): Promise<Snapshot> {
  const { where, maxFrameBytes, timeoutMs } = options;
  const scanner = new JpegScanner(maxFrameBytes);
  let head = Buffer.alloc(0);
  let received = 0;
  let settled = false;
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(overdue);
      response.off('data', take);
      settled = true;
      settle();
    };
    const fail = (error: Error): void => {
      if (settled) return;
      finish(() => reject(error));
      response.destroy();
    };
    const overdue = setTimeout(() => {
      fail(cameraErrors.CAMERA_HTTP_SLOW({ where, got: `no whole picture within ${timeoutMs} ms` }));
    }, timeoutMs);
    const take = (chunk: Buffer): void => {
      received += chunk.length;
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      const [found] = scanner.push(chunk, 0);
      if (found?.kind === 'picture') {
        finish(() => resolve(found));
        // The end of the answer comes with its last bytes, or the camera means to send more than a picture.
        response.resume();
        setImmediate(() => {
          if (!response.complete) response.destroy();
        });
      } else if (found?.kind === 'truncated') fail(cameraErrors.CAMERA_HTTP_TRUNCATED({ where }));
      else if (found?.kind === 'too-large') fail(cameraErrors.CAMERA_HTTP_TOO_LARGE(tooLarge(where, maxFrameBytes)));
      else if (!scanner.inPicture && received > MAX_PREAMBLE_BYTES) fail(noPicture(response, head, where));
    };
    response.on('data', take);
    response.on('end', () => {
      fail(
        scanner.inPicture
          ? cameraErrors.CAMERA_HTTP_TRUNCATED({ where, got: 'an answer without the end marker' })
          : noPicture(response, head, where),
      );
    });
    response.on('error', (error) => fail(networkError(error, where)));
  });
}

/** What a picture over the limit is told with. */
export function tooLarge(where: string, maxFrameBytes: number): { where: string; got: string; expected: string } {
  return { where, got: `more than ${maxFrameBytes} bytes`, expected: `at most ${maxFrameBytes} bytes` };
}
