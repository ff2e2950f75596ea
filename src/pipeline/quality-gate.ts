import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Image } from '../domain/frame.js';
import type { PictureMeasures } from '../domain/quality.js';
import type { Reason } from '../domain/verdict.js';
import type { PictureMeter } from '../ports/picture-meter.js';

/** From where on a picture is not fit to be judged; what is absent is not looked at. */
export interface QualityLimits {
  readonly minimumBrightness?: number;
  readonly maximumBrightness?: number;
  readonly minimumLight?: number;
  readonly maximumLight?: number;
  readonly maximumSaturated?: number;
  readonly minimumSharpness?: number;
  readonly maximumDeviation?: number;
  readonly minimumPresence?: number;
  readonly minimumMatch?: number;
  readonly maximumShift?: number;
}

/**
 * Why no model should judge this picture, if there is a reason. Pure. One reason, the one that explains the others: a
 * dark picture has no detail either, and in one without a part there is nothing to be sharp.
 */
export function qualityProblem(measures: PictureMeasures, limits: QualityLimits): Reason | undefined {
  return (
    lightProblem(measures, limits) ??
    absenceProblem(measures, limits) ??
    blurProblem(measures, limits) ??
    movementProblem(measures, limits) ??
    deviationProblem(measures, limits)
  );
}

function lightProblem({ brightness, light, saturated }: PictureMeasures, limits: QualityLimits): Reason | undefined {
  const { minimumBrightness, maximumBrightness, minimumLight, maximumLight, maximumSaturated } = limits;
  const mean = `the mean grey level is ${brightness.toFixed(1)}`;
  if (below(brightness, minimumBrightness)) {
    return { code: 'IMAGE_TOO_DARK', text: `too dark: ${mean}, at least ${minimumBrightness} is needed` };
  }
  if (above(brightness, maximumBrightness)) {
    return { code: 'IMAGE_TOO_BRIGHT', text: `too bright: ${mean}, at most ${maximumBrightness} is allowed` };
  }
  if (light !== undefined && below(light, minimumLight)) {
    const text = `too dark: the light is ${percent(light)} of that at commissioning, at least ${percent(minimumLight)} is needed`;
    return { code: 'IMAGE_TOO_DARK', text };
  }
  if (light !== undefined && above(light, maximumLight)) {
    const text = `too bright: the light is ${percent(light)} of that at commissioning, at most ${percent(maximumLight)} is allowed`;
    return { code: 'IMAGE_TOO_BRIGHT', text };
  }
  if (maximumSaturated !== undefined && saturated > maximumSaturated) {
    const text = `too bright: ${percent(saturated)} of the picture is white, at most ${percent(maximumSaturated)} is allowed`;
    return { code: 'IMAGE_TOO_BRIGHT', text };
  }
  return undefined;
}

function absenceProblem({ presence }: PictureMeasures, { minimumPresence }: QualityLimits): Reason | undefined {
  if (presence === undefined || !below(presence, minimumPresence)) return undefined;
  const text = `no part in view: the picture is ${presence.toFixed(1)} grey levels from the empty scene, with a part at least ${minimumPresence}`;
  return { code: 'SCENE_EMPTY', text };
}

function blurProblem({ sharpness }: PictureMeasures, { minimumSharpness }: QualityLimits): Reason | undefined {
  if (!below(sharpness, minimumSharpness)) return undefined;
  const text = `blurred: the sharpness is ${sharpness.toPrecision(3)}, at least ${minimumSharpness} is needed`;
  return { code: 'IMAGE_BLURRED', text };
}

function movementProblem({ scene }: PictureMeasures, limits: QualityLimits): Reason | undefined {
  if (scene === undefined) return undefined;
  const { match, matchThere, right, down } = scene;
  const { minimumMatch, maximumShift } = limits;
  const shift = Math.hypot(right, down);
  const there = `what stands still lies ${percent(Math.abs(right))} of the width further ${right < 0 ? 'left' : 'right'} and ${percent(Math.abs(down))} ${down < 0 ? 'higher' : 'lower'} than at commissioning`;
  if (below(match, minimumMatch)) {
    const found = minimumMatch !== undefined && matchThere >= minimumMatch && shift > 0;
    const text = found
      ? `the camera has moved: ${there}`
      : `the camera has moved or the scene is another one: what stands still is not found (correlation ${match.toFixed(2)}, at least ${minimumMatch} is needed)`;
    return { code: 'CAMERA_MOVED', text };
  }
  if (!above(shift, maximumShift)) return undefined;
  return { code: 'CAMERA_MOVED', text: `the camera has moved: ${there}` };
}

function deviationProblem({ deviation }: PictureMeasures, { maximumDeviation }: QualityLimits): Reason | undefined {
  if (deviation === undefined || !above(deviation, maximumDeviation)) return undefined;
  const text = `no part in view, or another one: the picture is ${deviation.toFixed(1)} grey levels from the reference, at most ${maximumDeviation} is allowed`;
  return { code: 'SCENE_EMPTY', text };
}

function below(value: number, limit: number | undefined): limit is number {
  return limit !== undefined && value < limit;
}

function above(value: number, limit: number | undefined): limit is number {
  return limit !== undefined && value > limit;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export interface QualityGateOptions {
  readonly meter: PictureMeter;
  readonly limits: QualityLimits;
  /** Refused pictures in a row from which on maintenance is warned. */
  readonly warnAfter: number;
  readonly logger: Logger;
}

/** Looks at each picture beside the model and says which ones it must not judge; warns when that goes on. */
export class QualityGate {
  readonly #options: QualityGateOptions;
  readonly #checks = new WeakMap<Image, Promise<Reason | undefined>>();
  #inARow = 0;
  #refused = 0;
  #last: Reason | undefined;

  constructor(options: QualityGateOptions) {
    this.#options = options;
  }

  /** Pictures refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** For the health: present once several pictures in a row were refused, until one is good. */
  get trouble(): string | undefined {
    if (this.#last === undefined || this.#inARow < this.#options.warnAfter) return undefined;
    return `the last ${this.#inARow} pictures were refused, their parts go to review; the newest is ${this.#last.text}. Look at lens, lamp and mounting; when all is as it should be, calibrate anew (jidoka camera calibrate).`;
  }

  /** The reason why the picture must not be judged, if there is one. The same picture is looked at once. Never rejects. */
  check(image: Image): Promise<Reason | undefined> {
    const known = this.#checks.get(image);
    if (known !== undefined) return known;
    const check = this.#check(image);
    this.#checks.set(image, check);
    return check;
  }

  async #check(image: Image): Promise<Reason | undefined> {
    const { meter, limits, warnAfter, logger } = this.#options;
    let problem: Reason | undefined;
    try {
      problem = qualityProblem(await meter.measure(image), limits);
    } catch (error) {
      // What cannot be decoded is no matter of light and lens: the camera and its files are told of it.
      return { code: 'IMAGE_UNREADABLE', text: messageOf(error) };
    }
    if (problem === undefined) {
      if (this.#inARow >= warnAfter) logger.info({ refused: this.#inARow }, 'The pictures are good again.');
      this.#inARow = 0;
      this.#last = undefined;
      return undefined;
    }
    this.#inARow += 1;
    this.#refused += 1;
    this.#last = problem;
    if (this.#inARow === warnAfter)
      logger.warn({ refused: this.#inARow }, `The pictures are not fit to be judged: ${problem.text}.`);
    return problem;
  }
}
