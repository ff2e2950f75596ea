import type { RawImage } from '#jidoka/domain/frame.js';

/** Packets of the GStreamer Data Protocol and of PAM as the real programs write them, for what those cannot be made to do. */

const NONE = 0xffff_ffff_ffff_ffffn;

export interface GdpPacket {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly ptsNs?: bigint;
  readonly offset?: bigint;
  /** What the header claims, where it is to differ from the truth. */
  readonly claimedLength?: number;
}

export function gdpPacket({ type, payload, ptsNs = NONE, offset = NONE, claimedLength }: GdpPacket): Buffer {
  const header = Buffer.alloc(62);
  header.writeUInt16BE(0x0100, 0);
  header.writeUInt16BE(type, 4);
  header.writeUInt32BE(claimedLength ?? payload.length, 6);
  header.writeBigUInt64BE(ptsNs, 10);
  header.writeBigUInt64BE(offset, 26);
  return Buffer.concat([header, payload]);
}

export function gdpCaps(format: string, width: number, height: number): Buffer {
  const caps = `video/x-raw, format=(string)${format}, width=(int)${width}, height=(int)${height}, framerate=(fraction)10/1\0`;
  return gdpPacket({ type: 2, payload: Buffer.from(caps) });
}

/** A stream as `gdppay` begins it, with one picture of one grey value, or as many as there are values. */
export function gdpGrey(width: number, height: number, ...values: readonly number[]): Buffer {
  const stride = Math.ceil(width / 4) * 4;
  const pictures = values.map((value, index) =>
    gdpPacket({
      type: 1,
      payload: Buffer.alloc(stride * height, value),
      ptsNs: BigInt(index) * 100_000_000n,
      offset: BigInt(index),
    }),
  );
  return Buffer.concat([
    gdpPacket({ type: 104, payload: Buffer.from('GstEventStreamStart, stream-id=(string)1;\0') }),
    gdpCaps('GRAY8', width, height),
    gdpPacket({ type: 134, payload: Buffer.from('GstEventSegment;\0') }),
    ...pictures,
  ]);
}

export function pamPicture({ format, width, height, data }: Omit<RawImage, 'kind'>): Buffer {
  const [depth, type] = format === 'grey8' ? [1, 'GRAYSCALE'] : [3, 'RGB'];
  const header = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH ${depth}\nMAXVAL 255\nTUPLTYPE ${type}\nENDHDR\n`;
  return Buffer.concat([Buffer.from(header), data]);
}
