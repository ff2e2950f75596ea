import { describe, expect, it } from 'vitest';
import { parseManifest } from '#jidoka/vision/manifest-problems.js';
import { tensorFiller } from '#jidoka/vision/tensor.js';
import { type TinyModel, tinyManifest, tinyModel } from '../../simulators/onnx.js';

function filler(options: TinyModel, preprocessing: Record<string, unknown> = {}) {
  const json = tinyManifest(tinyModel(options), { width: 2, height: 1, ...options });
  const how = { ...(json['preprocessing'] as object), ...preprocessing };
  return tensorFiller(parseManifest(JSON.stringify({ ...json, preprocessing: how }), 'model.json'));
}

describe('tensorFiller', () => {
  // Two pixels: (10, 20, 30) and (40, 50, 60).
  const pixels = Uint8Array.of(10, 20, 30, 40, 50, 60);

  it('passes uint8 pixels on as they are, without a copy', () => {
    expect(filler({ channels: 3 })(pixels)).toBe(pixels);
    const grey = Uint8Array.of(10, 20);
    expect(filler({ layout: 'NCHW' })(grey)).toBe(grey);
    expect(filler({ channels: 3, layout: 'FLAT' })(pixels)).toBe(pixels);
  });

  it('puts each channel into a plane of its own for NCHW', () => {
    expect(filler({ channels: 3, layout: 'NCHW' })(pixels)).toEqual(Uint8Array.of(10, 40, 20, 50, 30, 60));
  });

  it('scales float32 input by (pixel * scale - mean) / std, channel by channel', () => {
    const fill = filler({ channels: 3, type: 'float32' }, { scale: 0.1, mean: [1, 2, 3], std: [1, 2, 4] });
    const expected = [0, 0, 0, 3, 1.5, 0.75].map((value) => expect.closeTo(value, 6));
    expect([...fill(pixels)]).toEqual(expected);
  });

  it('scales and separates for float32 NCHW, one value for all channels', () => {
    const fill = filler({ channels: 3, type: 'float32', layout: 'NCHW' }, { mean: [10], std: [10] });
    expect(fill(pixels)).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5));
  });

  it('puts blue first where the model was trained so, with mean and std in that order', () => {
    expect(filler({ channels: 3 }, { order: 'bgr' })(pixels)).toEqual(Uint8Array.of(30, 20, 10, 60, 50, 40));
    const fill = filler({ channels: 3, type: 'float32', layout: 'NCHW' }, { order: 'bgr', mean: [30, 20, 10] });
    expect(fill(pixels)).toEqual(Float32Array.of(0, 30, 0, 30, 0, 30));
  });
});
