import { visionErrors } from './errors.js';

/** Where the pixels of an uncompressed BMP file are and how they are stored. */
export interface BmpLayout {
  readonly width: number;
  readonly height: number;
  /** Bytes a pixel: 1 grey, 3 blue-green-red, 4 the same with a byte that is not used. */
  readonly channels: 1 | 3 | 4;
  readonly offset: number;
  /** Bytes a row, padded to a multiple of four. */
  readonly stride: number;
  readonly bottomUp: boolean;
}

const HEADER_BYTES = 54;
const INFO_HEADER_BYTES = 40;

/**
 * Reads the header of a BMP file as cameras write it: 8-bit grey, 24 or 32 bits, uncompressed (BITMAPINFOHEADER and
 * its successors).
 * @throws IMAGE_FORMAT_UNSUPPORTED for compressed files and coloured palettes, IMAGE_CORRUPT where bytes are missing
 */
export function readBmpLayout(data: Uint8Array): BmpLayout {
  if (data.byteLength < HEADER_BYTES) {
    throw visionErrors.IMAGE_CORRUPT({ got: `a BMP of ${data.byteLength} bytes`, expected: `${HEADER_BYTES} or more` });
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const infoBytes = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (infoBytes < INFO_HEADER_BYTES || compression !== 0 || ![8, 24, 32].includes(bits)) {
    throw visionErrors.IMAGE_FORMAT_UNSUPPORTED({
      got: `a BMP with ${bits} bits a pixel and compression ${compression}`,
      expected: 'an uncompressed BMP of 8-bit grey, 24 or 32 bits',
    });
  }
  const layout: BmpLayout = {
    width,
    height: Math.abs(signedHeight),
    channels: bits === 8 ? 1 : bits === 24 ? 3 : 4,
    offset: view.getUint32(10, true),
    stride: Math.floor((width * bits + 31) / 32) * 4,
    bottomUp: signedHeight > 0,
  };
  const end = layout.offset + layout.stride * layout.height;
  if (width < 1 || layout.height < 1 || layout.offset < HEADER_BYTES || end > data.byteLength) {
    throw visionErrors.IMAGE_CORRUPT({
      got: `a BMP of ${data.byteLength} bytes`,
      expected: `${end} bytes for ${width} x ${layout.height} pixels`,
    });
  }
  if (bits === 8) expectGreyPalette(data, 14 + infoBytes, view.getUint32(46, true) || 256, layout.offset);
  return layout;
}

function expectGreyPalette(data: Uint8Array, start: number, colors: number, end: number): void {
  const count = Math.min(colors, 256);
  let grey = start + count * 4 <= end;
  for (let level = 0; level < count && grey; level += 1) {
    const entry = start + level * 4;
    grey = data[entry] === level && data[entry + 1] === level && data[entry + 2] === level;
  }
  if (grey) return;
  throw visionErrors.IMAGE_FORMAT_UNSUPPORTED({
    got: 'an 8-bit BMP with a palette of colours',
    expected: 'a palette of the 256 greys in their order',
  });
}
