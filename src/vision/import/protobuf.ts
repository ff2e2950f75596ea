/** One field of a message in the protocol buffers' wire format; `value` is set for numbers, `bytes` for the rest. */
export interface WireField {
  readonly number: number;
  readonly value: bigint;
  readonly bytes: Uint8Array;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const NOTHING = new Uint8Array(0);
const MAX_VARINT_BYTES = 10;

/**
 * The fields of a message in their order. Nothing is copied: `bytes` are views, so that a model's weights cost nothing
 * to pass over. Wire format: https://protobuf.dev/programming-guides/encoding/
 * @throws RangeError where the bytes are no message
 */
export function* wireFields(message: Uint8Array): Generator<WireField, void, undefined> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let offset = 0;
  const take = (length: number): Uint8Array => {
    if (length > message.byteLength - offset) throw new RangeError('a field runs over the end of its message');
    offset += length;
    return message.subarray(offset - length, offset);
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = view.getUint8(offset);
      offset += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number of more than ten bytes');
  };
  while (offset < message.byteLength) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number === 0) throw new RangeError('a field without a number');
    switch (tag % 8) {
      case VARINT:
        yield { number, value: varint(), bytes: NOTHING };
        break;
      case FIXED64:
        yield { number, value: 0n, bytes: take(8) };
        break;
      case LENGTH:
        yield { number, value: 0n, bytes: take(Number(varint())) };
        break;
      case FIXED32:
        yield { number, value: 0n, bytes: take(4) };
        break;
      default:
        throw new RangeError(`a field of the unknown kind ${tag % 8}`);
    }
  }
}

/** The numbers of a repeated integer field, of which each occurrence holds one or, packed, several. */
export function integersOf({ value, bytes }: WireField): readonly bigint[] {
  if (bytes.byteLength === 0) return [value];
  const numbers: bigint[] = [];
  let number = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    number |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0n;
    shift = 0n;
  }
  return numbers;
}
