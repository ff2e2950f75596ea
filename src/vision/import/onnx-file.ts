import { messageOf } from '../../base/errors.js';
import { visionErrors } from '../errors.js';
import { integersOf, type WireField, wireFields } from './protobuf.js';

/** What an ONNX file says of itself beside its inputs and outputs. */
export interface OnnxFile {
  /** The exporter and its version, such as `pytorch 2.4.0`; empty where the file does not say. */
  readonly producer: string;
  /** Version of each operator set by its domain; the standard one has the domain `ai.onnx`. */
  readonly operatorSets: ReadonlyMap<string, number>;
  /** Elements of all stored tensors: weights, with the few constants among them. */
  readonly parameters: number;
  /** Files that hold the weights beside this one. */
  readonly externalFiles: readonly string[];
}

// Field numbers of onnx.proto, version 3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
const MODEL = { producerName: 2, producerVersion: 3, graph: 7, operatorSet: 8 };
const GRAPH = { initializer: 5 };
const OPERATOR_SET = { domain: 1, version: 2 };
const TENSOR = { dims: 1, externalData: 13 };
const ENTRY = { key: 1, value: 2 };

/**
 * Reads the head of an ONNX file, which ONNX Runtime loads without telling of it.
 * @throws IMPORT_FILE_UNUSABLE where the bytes are no ONNX model
 */
export function readOnnxFile(bytes: Uint8Array, where: string): OnnxFile {
  try {
    return read(bytes);
  } catch (cause) {
    throw visionErrors.IMPORT_FILE_UNUSABLE({
      where,
      got: `bytes that are no ONNX model (${messageOf(cause)})`,
      expected: 'an ONNX file',
      cause,
    });
  }
}

function read(bytes: Uint8Array): OnnxFile {
  const producer: string[] = [];
  const operatorSets = new Map<string, number>();
  const externalFiles = new Set<string>();
  let parameters = 0;
  let graphs = 0;
  for (const field of wireFields(bytes)) {
    if (field.number === MODEL.producerName || field.number === MODEL.producerVersion) producer.push(text(field));
    else if (field.number === MODEL.operatorSet) {
      const { domain, version } = operatorSet(field.bytes);
      operatorSets.set(domain === '' ? 'ai.onnx' : domain, version);
    } else if (field.number === MODEL.graph) {
      graphs += 1;
      for (const { number, bytes: tensor } of wireFields(field.bytes)) {
        if (number !== GRAPH.initializer) continue;
        const { elements, location } = initializer(tensor);
        parameters += elements;
        if (location !== undefined) externalFiles.add(location);
      }
    }
  }
  if (graphs === 0) throw new RangeError('without a graph');
  return {
    producer: producer.filter((part) => part !== '').join(' '),
    operatorSets,
    parameters,
    externalFiles: [...externalFiles],
  };
}

function operatorSet(bytes: Uint8Array): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const field of wireFields(bytes)) {
    if (field.number === OPERATOR_SET.domain) domain = text(field);
    else if (field.number === OPERATOR_SET.version) version = Number(field.value);
  }
  return { domain, version };
}

function initializer(bytes: Uint8Array): { elements: number; location: string | undefined } {
  let elements = 1;
  let location: string | undefined;
  for (const field of wireFields(bytes)) {
    if (field.number === TENSOR.dims) for (const size of integersOf(field)) elements *= Number(size);
    else if (field.number === TENSOR.externalData) location = entry(field.bytes, 'location') ?? location;
  }
  return { elements, location };
}

/** The value of a key-value pair if its key is the one that is asked for. */
function entry(bytes: Uint8Array, key: string): string | undefined {
  const fields = [...wireFields(bytes)];
  const found = fields.find(({ number }) => number === ENTRY.key);
  const value = fields.find(({ number }) => number === ENTRY.value);
  return found !== undefined && value !== undefined && text(found) === key ? text(value) : undefined;
}

function text({ bytes }: WireField): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
