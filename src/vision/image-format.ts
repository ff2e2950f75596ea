export type ImageFormat = 'jpeg' | 'png' | 'tiff' | 'webp' | 'bmp';

interface Signature {
  readonly name: string;
  /** Set for the formats that are read. */
  readonly format?: ImageFormat;
  readonly offset: number;
  readonly bytes: readonly number[];
}

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

const SIGNATURES: readonly Signature[] = [
  { name: 'JPEG', format: 'jpeg', offset: 0, bytes: [0xff, 0xd8, 0xff] },
  { name: 'PNG', format: 'png', offset: 0, bytes: [0x89, ...ascii('PNG'), 0x0d, 0x0a, 0x1a, 0x0a] },
  { name: 'TIFF', format: 'tiff', offset: 0, bytes: [...ascii('II'), 0x2a, 0x00] },
  { name: 'TIFF', format: 'tiff', offset: 0, bytes: [...ascii('MM'), 0x00, 0x2a] },
  { name: 'WebP', format: 'webp', offset: 8, bytes: ascii('WEBP') },
  { name: 'BMP', format: 'bmp', offset: 0, bytes: ascii('BM') },
  { name: 'GIF', offset: 0, bytes: ascii('GIF8') },
  { name: 'PDF', offset: 0, bytes: ascii('%PDF') },
  { name: 'SVG or another text', offset: 0, bytes: ascii('<') },
  { name: 'HEIC or AVIF', offset: 4, bytes: ascii('ftyp') },
  { name: 'gzip', offset: 0, bytes: [0x1f, 0x8b] },
];

/** What the first bytes say a file is: its name for people, and its format where it is one that is read. */
export function imageFormat(data: Uint8Array): { readonly name: string; readonly format: ImageFormat | undefined } {
  const found = SIGNATURES.find(({ offset, bytes }) => bytes.every((byte, index) => data[offset + index] === byte));
  if (found !== undefined) return { name: found.name, format: found.format };
  const start = Array.from(data.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0'));
  return { name: `an unknown kind that begins with ${start.join(' ')}`, format: undefined };
}

/**
 * Whether a PNG is animated (APNG): an `acTL` chunk stands before the first `IDAT` (PNG specification, third edition,
 * 11.3.6.1). Its first picture alone would decode without complaint.
 */
export function isAnimatedPng(data: Uint8Array): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const IDAT = 0x49444154;
  const ACTL = 0x6163544c;
  for (let offset = 8; offset + 12 <= data.byteLength; ) {
    const type = view.getUint32(offset + 4);
    if (type === ACTL) return true;
    if (type === IDAT) return false;
    // Length, type and checksum take four bytes each.
    offset += 12 + view.getUint32(offset);
  }
  return false;
}
