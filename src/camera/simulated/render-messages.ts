import type { RawImage } from '../../domain/frame.js';
import type { TileClass } from './tile.js';

/** What the camera asks of the rendering thread. */
export interface RenderRequest {
  readonly sequence: number;
  readonly capturedAtMs: number;
  readonly tileClass: TileClass;
  readonly tileSeed: number;
}

/** What comes back; the image's buffer is transferred. */
export interface RenderReply {
  readonly sequence: number;
  readonly capturedAtMs: number;
  readonly image: RawImage;
}
