export type PixelFormat = 'grey8' | 'rgb8';

/** Uncompressed pixels: rows from top to bottom without padding, `width * height * channels` bytes. */
export interface RawImage {
  readonly kind: 'raw';
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A file's bytes as the camera found them (JPEG, PNG, …). Nothing in them is trusted before it is decoded. */
export interface EncodedImage {
  readonly kind: 'encoded';
  readonly data: Uint8Array;
}

export type Image = RawImage | EncodedImage;

/** Where a frame came from when it came from a file, so that the same file is never inspected twice. */
export interface FrameOrigin {
  /** The file's name relative to the camera's folder. */
  readonly name: string;
  /** Identifies this very content at this very place (name, size, modification time): the key of "taken once". */
  readonly key: string;
}

/** One picture from a camera. Its bytes belong to whoever received it; the camera does not touch them again. */
export interface Frame {
  readonly image: Image;
  /** Wall time of the exposure as well as the camera knows it, ms since 1970 UTC. */
  readonly capturedAtMs: number;
  /** Counts the camera's frames from 0; a gap means that the camera lost frames. */
  readonly sequence: number;
  readonly origin?: FrameOrigin;
}

export type Rotation = 0 | 90 | 180 | 270;

/** A rectangle in pixels of the camera's picture, before rotation. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The part of the picture the model sees: cut out first, then turned clockwise. */
export interface View {
  readonly region?: Region;
  readonly rotate: Rotation;
  /** `grey`: the model sees brightness alone, whatever the picture holds. Default `rgb`. */
  readonly color?: 'grey' | 'rgb';
}
