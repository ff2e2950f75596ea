import { smoothstep, valueNoise } from './noise.js';
import type { Random } from './random.js';

/** A picture in the making: grey values as floating point, 0 black to 255 white. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
  /** Pixels of this picture for each pixel of the 240 x 160 picture the sizes are given for. */
  readonly scale: number;
  /** The tile's outline inside the picture. */
  readonly tile: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
}

/** Calls `shade` for each pixel of a rectangle, clipped to the picture, with the old value; it returns the new one. */
export function repaint(
  canvas: Canvas,
  box: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
  shade: (x: number, y: number, old: number) => number,
): void {
  const left = Math.max(0, Math.floor(box.left));
  const right = Math.min(canvas.width - 1, Math.ceil(box.right));
  const bottom = Math.min(canvas.height - 1, Math.ceil(box.bottom));
  for (let y = Math.max(0, Math.floor(box.top)); y <= bottom; y += 1) {
    for (let x = left; x <= right; x += 1) {
      const index = y * canvas.width + x;
      canvas.pixels[index] = shade(x, y, canvas.pixels[index] ?? 0);
    }
  }
}

/** A sound tile: a curved, brushed grey surface under uneven light, on a dark conveyor, with harmless marks. */
export function paintSurface(width: number, height: number, random: Random): Canvas {
  const scale = Math.min(width / 240, height / 160);
  const margin = (): number => random.between(1.5, 7) * scale;
  const tile = { left: margin(), top: margin(), right: width - 1 - margin(), bottom: height - 1 - margin() };
  const canvas: Canvas = { width, height, pixels: new Float32Array(width * height), scale, tile };

  const level = random.between(72, 138);
  const conveyor = random.between(12, 26);
  const angle = (random.normal() * 2.2 * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const grain = random.between(0.7, 1.5);

  // Light on a curved surface: brightest along a line, falling off to both sides.
  const crest = random.between(0.3, 0.7) * width;
  const falloff = random.between(0.55, 1.1) * width;
  const slopeY = random.between(-0.1, 0.1) / height;
  const clouds = valueNoise(random, random.between(60, 110) * scale, random.between(60, 110) * scale, 16);
  const cloudDepth = random.between(0.02, 0.06);

  const fine = valueNoise(random, grain * 1.1 * scale, random.between(25, 70) * scale);
  const medium = valueNoise(random, random.between(4, 9) * scale, random.between(80, 200) * scale, 64);
  const fineDepth = random.between(0.07, 0.15);
  const mediumDepth = random.between(0.03, 0.09);
  const sparkle = random.between(0.62, 0.8);
  const noise = random.between(2, 4.5);
  const chamfer = random.between(1.2, 2.6) * scale;
  const chamferGain = random.between(-0.35, 0.3);

  repaint(canvas, { left: 0, top: 0, right: width, bottom: height }, (x, y) => {
    const inside = Math.min(x - tile.left, tile.right - x, y - tile.top, tile.bottom - y);
    const sensor = noise * random.normal();
    if (inside < -1) return conveyor + sensor * 0.6;
    const across = x * cos + y * sin;
    const along = y * cos - x * sin;
    const distance = (x - crest) / falloff;
    const light = Math.exp(-distance * distance) * (1 + slopeY * (y - height / 2)) + cloudDepth * clouds(x, y);
    const streak = fine(across, along);
    const glint = streak > sparkle ? (streak - sparkle) * 1.1 : 0;
    const brushed = 1 + fineDepth * streak + mediumDepth * medium(across, along) + glint;
    const edge = 1 + chamferGain * (1 - smoothstep(0, chamfer, inside));
    const lit = level * light * brushed * edge + sensor;
    return conveyor + (lit - conveyor) * smoothstep(-1, 0.6, inside);
  });
  paintHarmlessMarks(canvas, random);
  return canvas;
}

/** Faint hair scratches and stains that a good part may have: a judge that fails on these is too strict. */
function paintHarmlessMarks(canvas: Canvas, random: Random): void {
  const { scale, width, height } = canvas;
  for (let count = random.integer(0, 3); count > 0; count -= 1) {
    const x0 = random.uniform() * width;
    const y0 = random.uniform() * height;
    const length = random.between(8, 30) * scale;
    const lean = random.between(-0.8, 0.8);
    const gain = random.between(0.05, 0.13);
    repaint(canvas, { left: x0 - length, top: y0, right: x0 + length, bottom: y0 + length }, (x, y, old) => {
      const off = Math.abs(x - x0 - lean * (y - y0));
      return old * (1 + gain * Math.max(0, 1 - off / scale));
    });
  }
  for (let count = random.integer(0, 3); count > 0; count -= 1) {
    const x0 = random.uniform() * width;
    const y0 = random.uniform() * height;
    const radius = random.between(3, 9) * scale;
    const gain = random.between(-0.08, 0.05);
    repaint(canvas, { left: x0 - radius, top: y0 - radius, right: x0 + radius, bottom: y0 + radius }, (x, y, old) => {
      const distance = Math.hypot(x - x0, y - y0) / radius;
      return distance >= 1 ? old : old * (1 + gain * (1 - distance * distance));
    });
  }
}
