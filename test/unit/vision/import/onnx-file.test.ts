import { describe, expect, it } from 'vitest';
import { readOnnxFile } from '#jidoka/vision/import/onnx-file.js';
import { foreignModel } from '../../../simulators/foreign-models.js';

function reading(bytes: Uint8Array) {
  return () => readOnnxFile(bytes, 'm.onnx');
}

describe('readOnnxFile', () => {
  it('tells exporter, operator sets and the number of weights', () => {
    const file = readOnnxFile(foreignModel({ layout: 'NCHW', opset: 15, producer: ['tf2onnx', '1.17.0'] }), 'm.onnx');
    expect(file.producer).toBe('tf2onnx 1.17.0');
    expect([...file.operatorSets]).toEqual([
      ['ai.onnx', 15],
      ['ai.onnx.ml', 1],
    ]);
    // Three channels times three classes, a bias a class, and one constant.
    expect(file.parameters).toBe(13);
    expect(file.externalFiles).toEqual([]);
  });

  it('names the files that hold weights beside it', () => {
    const file = readOnnxFile(foreignModel({ layout: 'NCHW', externalData: true }), 'm.onnx');
    expect(file.externalFiles).toEqual(['weights.data']);
  });

  it('refuses bytes that are no ONNX model, cut ones too, with an error of its own', () => {
    const unusable = expect.objectContaining({ code: 'IMPORT_FILE_UNUSABLE' });
    expect(reading(new Uint8Array())).toThrowError(unusable);
    expect(reading(new Uint8Array(64))).toThrowError(unusable);
    expect(reading(new Uint8Array(64).fill(0xff))).toThrowError(unusable);
    expect(reading(new TextEncoder().encode('PK\u0003\u0004 an archive'))).toThrowError(unusable);
    const whole = foreignModel({ layout: 'NCHW' });
    for (let length = 0; length < whole.length; length += 1) {
      try {
        readOnnxFile(whole.subarray(0, length), 'm.onnx');
      } catch (error) {
        expect(error).toEqual(unusable);
      }
    }
  });
});
