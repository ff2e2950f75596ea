import { type SimulatedPart, simulatedPart } from '../camera/simulated/parts.js';
import { mixSeed, seededRandom } from '../camera/simulated/random.js';

/** Temperature the press is set to, °C. */
export const SETPOINT_C = 180;

const BASE_DEFECT_PROBABILITY = 0.03;
const HOT_DEFECT_PROBABILITY = 0.65;
/** Temperature at which the defects are half way between the two, and how steeply they rise, °C. */
const HOT_MIDPOINT_C = SETPOINT_C + 6;
const HOT_WIDTH_C = 1.3;

/** Numbers of the independent random sequences. */
const STREAM = { temperature: 1, wave: 2, pressure: 3, speed: 4, vibration: 5, noise: 6 } as const;

/** What the line's instruments show at one moment. */
export interface ProcessValues {
  /** °C */
  readonly temperature: number;
  /** bar */
  readonly pressure: number;
  /** m/min */
  readonly speed: number;
  /** mm/s RMS */
  readonly vibration: number;
}

export interface LinePart extends SimulatedPart {
  readonly values: ProcessValues;
  readonly defectProbability: number;
}

/**
 * The process at a moment, given in parts since the start (3.5: between part 3 and part 4). A function of the seed and
 * the moment alone. The temperature drifts slowly about its set-point, heat thins the hydraulic oil (less pressure),
 * and vibration follows speed and heat.
 */
export function processAt(seed: number, time: number): ProcessValues {
  const noise = seededRandom(mixSeed(seed, STREAM.noise, Math.floor(time * 16)));
  const drift = 13 * wander(seed, STREAM.temperature, time / 90) + 2.5 * wander(seed, STREAM.wave, time / 17);
  const temperature = SETPOINT_C - 1 + drift + 0.15 * noise.normal();
  const heat = temperature - SETPOINT_C;
  const speed = 24 + 0.9 * wander(seed, STREAM.speed, time / 140) + 0.05 * noise.normal();
  const pressure = 6.2 - 0.03 * heat + 0.12 * wander(seed, STREAM.pressure, time / 60) + 0.01 * noise.normal();
  const roughness = 0.1 * wander(seed, STREAM.vibration, time / 40) + 0.03 * noise.normal();
  const vibration = Math.max(0.1, 1.6 + 0.18 * (speed - 24) + 0.05 * Math.max(0, heat) + roughness);
  return { temperature, pressure, speed, vibration };
}

/** The probability that a part made under these values is defective: a logistic curve over the temperature. */
export function defectProbability({ temperature }: ProcessValues): number {
  const rise = 1 / (1 + Math.exp(-(temperature - HOT_MIDPOINT_C) / HOT_WIDTH_C));
  return BASE_DEFECT_PROBABILITY + (HOT_DEFECT_PROBABILITY - BASE_DEFECT_PROBABILITY) * rise;
}

/** Part number `part` of the line: always the same for a seed. */
export function linePart(seed: number, part: number): LinePart {
  const values = processAt(seed, part);
  const probability = defectProbability(values);
  return { ...simulatedPart(seed, part, probability), values, defectProbability: probability };
}

/** A smooth random curve in [-1, 1] with one knot for each whole number. */
function wander(seed: number, stream: number, x: number): number {
  const left = Math.floor(x);
  const t = x - left;
  const knot = (at: number): number => seededRandom(mixSeed(seed, stream, at)).between(-1, 1);
  const from = knot(left);
  return from + (knot(left + 1) - from) * t * t * (3 - 2 * t);
}
