import { smoothstep, valueNoise } from './noise.js';
import type { Random } from './random.js';
import { type Canvas, repaint } from './surface.js';

/** Gas pores: one to three small dark pits, each with a bright rim on the side that faces the light. */
export function paintBlowholes(canvas: Canvas, random: Random): void {
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count -= 1) {
    const { x: cx, y: cy } = pointInside(canvas, random, 0.1);
    const radius = random.between(2.6, 6) * canvas.scale;
    const squeeze = random.between(0.6, 1);
    const turn = random.between(0, Math.PI);
    const depth = random.between(0.42, 0.75);
    const rim = random.between(0.12, 0.35);
    const light = random.between(0, 2 * Math.PI);
    const ragged = valueNoise(random, radius * 0.8, radius * 0.8, 16);
    const reach = radius * 2;
    repaint(canvas, around(cx, cy, reach), (x, y, old) => {
      const dx = x - cx;
      const dy = y - cy;
      const u = dx * Math.cos(turn) + dy * Math.sin(turn);
      const v = (dy * Math.cos(turn) - dx * Math.sin(turn)) / squeeze;
      const distance = Math.hypot(u, v) / radius + 0.22 * ragged(x, y);
      const hole = 1 - smoothstep(0.7, 1.1, distance);
      const facing = 0.5 + 0.5 * Math.cos(Math.atan2(dy, dx) - light);
      const ring = smoothstep(0.85, 1.1, distance) * (1 - smoothstep(1.1, 1.5, distance));
      return old * (1 - depth * hole + rim * ring * facing);
    });
  }
}

/** A crack: a thin dark line that wanders, sometimes from the edge, sometimes with a branch. */
export function paintCracks(canvas: Canvas, random: Random): void {
  const { x, y } = pointInside(canvas, random, 0.15);
  const fromEdge = random.uniform() < 0.4;
  const heading = random.pick([Math.PI / 2, Math.PI / 2, -Math.PI / 2, 0]) + random.normal() * 0.35;
  const length = random.between(35, 120) * canvas.scale;
  const halfWidth = random.between(0.6, 1.25) * canvas.scale;
  const depth = random.between(0.38, 0.7);
  // A crack that runs along the edge would hide in it.
  const startY =
    fromEdge && Math.abs(Math.sin(heading)) > 0.7 ? (Math.sin(heading) > 0 ? canvas.tile.top : canvas.tile.bottom) : y;
  const mask = new Float32Array(canvas.pixels.length);
  const walk = (x0: number, y0: number, heading0: number, steps: number, width: number, mayBranch: boolean): void => {
    let px = x0;
    let py = y0;
    let direction = heading0;
    const branchAt = mayBranch && random.uniform() < 0.45 ? Math.floor(steps * random.between(0.3, 0.7)) : -1;
    for (let step = 0; step < steps; step += 1) {
      // It wanders, but turns back to its heading: a crack follows the stress.
      direction += random.normal() * 0.22 + (heading0 - direction) * 0.08;
      px += Math.cos(direction);
      py += Math.sin(direction);
      const taper = Math.min(1, (steps - step) / (0.3 * steps));
      stamp(canvas, mask, px, py, width * (0.75 + 0.35 * random.normal() * 0.5) * Math.max(0.45, taper));
      if (step === branchAt) {
        const aside = direction + random.pick([-1, 1]) * random.between(0.5, 1);
        walk(px, py, aside, Math.floor(steps * random.between(0.2, 0.4)), width * 0.75, false);
      }
    }
  };
  walk(x, startY, heading, Math.round(length), halfWidth, true);
  for (let index = 0; index < mask.length; index += 1) {
    const strength = mask[index] ?? 0;
    if (strength > 0) canvas.pixels[index] = (canvas.pixels[index] ?? 0) * (1 - depth * strength);
  }
}

/** A break: a corner or a piece of the edge is gone; the fracture is rough, with a bright lip. */
export function paintBreak(canvas: Canvas, random: Random): void {
  const { left, top, right, bottom } = canvas.tile;
  const alongX = random.between(left, right);
  const alongY = random.between(top, bottom);
  const [cx, cy] = random.pick<readonly [number, number]>([
    [random.pick([left, right]), random.pick([top, bottom])],
    [alongX, random.pick([top, bottom])],
    [random.pick([left, right]), alongY],
  ]);
  const radiusX = random.between(13, 34) * canvas.scale;
  const radiusY = random.between(13, 34) * canvas.scale;
  const outline = valueNoise(random, 9 * canvas.scale, 9 * canvas.scale, 32);
  const facets = valueNoise(random, random.between(4, 8) * canvas.scale, random.between(4, 8) * canvas.scale, 32);
  const rough = valueNoise(random, 1.6 * canvas.scale, 1.6 * canvas.scale, 64);
  const fracture = random.between(0.35, 0.7);
  const lip = random.between(0.15, 0.5);
  const box = boxAround(cx, cy, 1.6 * radiusX, 1.6 * radiusY);
  repaint(canvas, box, (x, y, old) => {
    if (x < left || x > right || y < top || y > bottom) return old;
    const distance = Math.hypot((x - cx) / radiusX, (y - cy) / radiusY) + 0.22 * outline(x, y);
    const gone = 1 - smoothstep(0.95, 1.03, distance);
    const shine = smoothstep(0.9, 1, distance) * (1 - smoothstep(1.02, 1.1, distance));
    const texture = fracture * (1 + 0.45 * facets(x, y) + 0.3 * rough(x, y));
    return old * (1 - gone + gone * texture + lip * shine);
  });
}

/** A fray: a worn patch with a ragged edge where the brushing is rubbed away, with bright crumbs at its rim. */
export function paintFray(canvas: Canvas, random: Random): void {
  const { left, top, right, bottom } = canvas.tile;
  const cx = random.between(left, right);
  const cy = random.pick([top, bottom, random.between(top, bottom)]);
  const radiusX = random.between(24, 60) * canvas.scale;
  const radiusY = random.between(20, 48) * canvas.scale;
  const outline = valueNoise(random, 12 * canvas.scale, 12 * canvas.scale, 32);
  const ragged = valueNoise(random, 2.5 * canvas.scale, 2.5 * canvas.scale, 64);
  const mottle = valueNoise(random, 5 * canvas.scale, 5 * canvas.scale, 32);
  const shade = random.between(0.55, 0.8);
  const mean = meanAround(canvas, cx, cy, Math.max(radiusX, radiusY));
  const crumbs = random.between(0.4, 0.9);
  const box = boxAround(cx, cy, 1.6 * radiusX, 1.6 * radiusY);
  repaint(canvas, box, (x, y, old) => {
    if (x < left || x > right || y < top || y > bottom) return old;
    const grit = ragged(x, y);
    const distance = Math.hypot((x - cx) / radiusX, (y - cy) / radiusY) + 0.2 * outline(x, y) + 0.16 * grit;
    const worn = 1 - smoothstep(0.93, 1.05, distance);
    const rim = smoothstep(0.82, 1, distance) * (1 - smoothstep(1, 1.12, distance));
    const flat = (0.3 * old + 0.7 * mean) * shade * (1 + 0.12 * mottle(x, y) + 0.07 * grit);
    return old + worn * (flat - old) + (grit > 0.45 ? crumbs * rim * old : 0);
  });
}

/** Unevenness: the surface is sound but ground unevenly: a step, waves or large patches of low contrast. */
export function paintUneven(canvas: Canvas, random: Random): void {
  const { left, top, right, bottom } = canvas.tile;
  const depth = random.between(0.17, 0.32) * random.pick([-1, 1]);
  const shape = random.pick(['step', 'waves', 'patches']);
  const wobble = valueNoise(random, 30 * canvas.scale, 30 * canvas.scale, 16);
  const patches = valueNoise(random, random.between(34, 55) * canvas.scale, random.between(28, 45) * canvas.scale, 8);
  const stepAt = random.between(0.25, 0.75) * canvas.height;
  const sharpness = random.between(1.5, 8) * canvas.scale;
  const side = random.pick([-1, 1]);
  const wave = random.between(24, 44) * canvas.scale;
  const phase = random.between(0, 2 * Math.PI);
  const lean = random.between(-0.3, 0.3);
  repaint(canvas, canvas.tile, (x, y, old) => {
    if (x < left || x > right || y < top || y > bottom) return old;
    const bent = y + lean * x + 5 * canvas.scale * wobble(x, y);
    if (shape === 'step')
      return old * (1 + depth * smoothstep(-sharpness, sharpness, side * (bent - stepAt - lean * canvas.width * 0.5)));
    if (shape === 'waves') return old * (1 + 0.6 * Math.abs(depth) * Math.sin((2 * Math.PI * bent) / wave + phase));
    return old * (1 + 1.3 * depth * smoothstep(0, 0.5, patches(x, y)));
  });
}

function pointInside(canvas: Canvas, random: Random, border: number): { x: number; y: number } {
  const { left, top, right, bottom } = canvas.tile;
  const insetX = border * (right - left);
  const insetY = border * (bottom - top);
  return { x: random.between(left + insetX, right - insetX), y: random.between(top + insetY, bottom - insetY) };
}

function around(x: number, y: number, reach: number): { left: number; top: number; right: number; bottom: number } {
  return { left: x - reach, top: y - reach, right: x + reach, bottom: y + reach };
}

/** Lays one soft dot of the crack's line; dots overlap, the strongest counts. */
function stamp(canvas: Canvas, mask: Float32Array, x: number, y: number, halfWidth: number): void {
  const reach = halfWidth + 1;
  repaint({ ...canvas, pixels: mask }, around(x, y, reach), (px, py, old) =>
    Math.max(old, Math.min(1, Math.max(0, halfWidth + 0.6 - Math.hypot(px - x, py - y)))),
  );
}

function meanAround(canvas: Canvas, cx: number, cy: number, reach: number): number {
  let sum = 0;
  let count = 0;
  const { left, top, right, bottom } = canvas.tile;
  repaint(canvas, around(cx, cy, reach), (x, y, old) => {
    if (x > left && x < right && y > top && y < bottom) {
      sum += old;
      count += 1;
    }
    return old;
  });
  return count === 0 ? 0 : sum / count;
}

function boxAround(cx: number, cy: number, reachX: number, reachY: number): Parameters<typeof repaint>[1] {
  return { left: cx - reachX, right: cx + reachX, top: cy - reachY, bottom: cy + reachY };
}
