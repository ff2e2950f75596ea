import { crc32, deflateSync } from 'node:zlib';

/** A PNG made chunk by chunk, so that it can claim what no encoder would write. */
export function pngOf(
  width: number,
  height: number,
  options: { readonly bitDepth?: number; readonly data?: Uint8Array; readonly animated?: boolean } = {},
): Uint8Array {
  const { bitDepth = 8, data = new Uint8Array(0), animated = false } = options;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = bitDepth;
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    ...(animated ? [chunk('acTL', Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0))] : []),
    chunk('IDAT', deflateSync(data)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = new DataView(new ArrayBuffer(8));
  frame.setUint32(0, data.byteLength);
  frame.setUint32(4, crc32(body));
  return Buffer.concat([new Uint8Array(frame.buffer, 0, 4), body, new Uint8Array(frame.buffer, 4, 4)]);
}

/** An uncompressed BMP; `pixels` are rows from the top, channels in the file's order (blue first). */
export function bmpOf(
  width: number,
  height: number,
  bits: 8 | 24 | 32,
  pixels: readonly number[],
  options: { readonly topDown?: boolean; readonly palette?: (level: number) => readonly [number, number, number] } = {},
): Uint8Array {
  const { topDown = false, palette = (level) => [level, level, level] as const } = options;
  const rowBytes = (width * bits) / 8;
  const stride = Math.ceil(rowBytes / 4) * 4;
  const offset = 54 + (bits === 8 ? 1024 : 0);
  const file = new Uint8Array(offset + stride * height);
  const view = new DataView(file.buffer);
  file.set([0x42, 0x4d]);
  view.setUint32(2, file.length, true);
  view.setUint32(10, offset, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, topDown ? -height : height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, bits, true);
  if (bits === 8) for (let level = 0; level < 256; level += 1) file.set(palette(level), 54 + level * 4);
  for (let row = 0; row < height; row += 1) {
    const target = topDown ? row : height - 1 - row;
    file.set(pixels.slice(row * rowBytes, (row + 1) * rowBytes), offset + target * stride);
  }
  return file;
}
