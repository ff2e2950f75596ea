import { isUtf8 } from 'node:buffer';

/** A value as SQLite stores it: integers as bigint, so that they are told from reals when they are bound again. */
export type StoredValue = bigint | number | string | Buffer | null;

/** The bytes do not have the form that SQLite gives them. Caught where the next cell or page is tried. */
export class Unreadable extends Error {}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

/** A variable-length integer (sqlite.org/fileformat2.html, 1.6) that is at most 2^53. */
export function readVarint(bytes: Buffer, offset: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) throw new Unreadable('a number goes beyond the page');
    value = index === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new Unreadable('a number is too large');
    if (byte < 0x80 || index === 8) return { value, end: offset + index + 1 };
  }
  throw new Unreadable('a number without end');
}

/**
 * The columns of a record (sqlite.org/fileformat2.html, 2.1). Everything has to fit to the last byte: that is what
 * tells a row from garbage.
 */
export function decodeRecord(payload: Buffer): StoredValue[] {
  const header = readVarint(payload, 0);
  const types: number[] = [];
  let at = header.end;
  while (at < header.value) {
    const type = readVarint(payload, at);
    types.push(type.value);
    at = type.end;
  }
  if (at !== header.value) throw new Unreadable('the head of a row does not end where it says');
  let body = header.value;
  const values = types.map((type) => {
    const length = lengthOf(type);
    if (body + length > payload.length) throw new Unreadable('a value goes beyond its row');
    const value = decodeValue(payload.subarray(body, body + length), type);
    body += length;
    return value;
  });
  if (body !== payload.length) throw new Unreadable('a row is longer than its values');
  return values;
}

function lengthOf(type: number): number {
  if (type === 7) return 8;
  if (type >= 12) return Math.floor((type - 12) / 2);
  if (type === 8 || type === 9) return 0;
  const length = INTEGER_BYTES[type];
  if (length === undefined) throw new Unreadable(`a value of the unknown type ${type}`);
  return length;
}

function decodeValue(bytes: Buffer, type: number): StoredValue {
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(0);
  if (type === 8) return 0n;
  if (type === 9) return 1n;
  if (type === 6) return bytes.readBigInt64BE(0);
  if (type < 7) return BigInt(bytes.readIntBE(0, bytes.length));
  if (type % 2 === 0) return Buffer.from(bytes);
  if (!isUtf8(bytes)) throw new Unreadable('a text that is not UTF-8');
  return bytes.toString('utf8');
}
