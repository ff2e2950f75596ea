import type { IncomingMessage } from 'node:http';
import type { JidokaError } from '../../base/errors.js';
import type { HttpCameraConfig } from '../../config/schema/camera-http.js';
import { cameraErrors } from '../errors.js';
import { quoted, sniffImage } from '../image-file.js';

const SHOWN_CHARACTERS = 60;

/** The media type of an answer in small letters, without its parameters; empty where there is none. */
export function mediaType(response: IncomingMessage): string {
  return (response.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Whether pictures without end are to be expected, by the configured mode or by what the camera says of its answer. */
export function isStream(response: IncomingMessage, mode: HttpCameraConfig['mode']): boolean {
  if (mode !== 'auto') return mode === 'stream';
  const type = mediaType(response);
  return type.startsWith('multipart/') || type.startsWith('video/');
}

/** A page instead of a picture: the error says what was sent. `head` is the beginning of the body. */
export function noPicture(response: IncomingMessage, head: Uint8Array, where: string): JidokaError {
  const type = mediaType(response) || 'no content type';
  const kind = sniffImage(head);
  if (kind !== null && kind !== 'JPEG') {
    const hint = 'Set the camera to JPEG, or take the address of its JPEG picture.';
    return cameraErrors.CAMERA_HTTP_NO_PICTURE({ where, got: `a picture of the kind ${kind}`, expected: 'JPEG', hint });
  }
  if (head.length === 0) return cameraErrors.CAMERA_HTTP_NO_PICTURE({ where, got: `an empty answer (${type})` });
  const text = Buffer.from(head.subarray(0, 4 * SHOWN_CHARACTERS)).toString('latin1');
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim() || text.trim();
  const beginning = quoted(title.slice(0, SHOWN_CHARACTERS).replace(/[^\x20-\x7e]/g, '.'));
  return cameraErrors.CAMERA_HTTP_NO_PICTURE({ where, got: `${type} that says ${beginning}` });
}
