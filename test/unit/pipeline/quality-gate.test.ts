import { describe, expect, it } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Image } from '#jidoka/domain/frame.js';
import type { PictureMeasures } from '#jidoka/domain/quality.js';
import { QualityGate, type QualityLimits, qualityProblem } from '#jidoka/pipeline/quality-gate.js';

const limits: QualityLimits = {
  minimumBrightness: 50,
  maximumBrightness: 200,
  minimumLight: 0.8,
  maximumLight: 1.25,
  maximumSaturated: 0.1,
  minimumSharpness: 0.1,
  maximumDeviation: 20,
  minimumPresence: 5,
  minimumMatch: 0.8,
  maximumShift: 0.01,
};
const good: PictureMeasures = {
  brightness: 100,
  light: 1,
  saturated: 0.01,
  sharpness: 0.2,
  deviation: 5,
  presence: 30,
  scene: { match: 0.99, matchThere: 0.99, right: 0.001, down: 0 },
};
const far = { match: 0.2, matchThere: 0.95, right: 0.05, down: -0.02 };

describe('qualityProblem', () => {
  it.each<[string, Partial<PictureMeasures>, string | undefined, RegExp]>([
    ['a good picture', {}, undefined, /^$/],
    ['too little light in all', { brightness: 20 }, 'IMAGE_TOO_DARK', /mean grey level is 20\.0, at least 50/],
    ['too little light on the fixture', { light: 0.5 }, 'IMAGE_TOO_DARK', /light is 50\.0 % of that at commissioning/],
    ['too much light in all', { brightness: 230 }, 'IMAGE_TOO_BRIGHT', /at most 200/],
    ['too much light on the fixture', { light: 1.5 }, 'IMAGE_TOO_BRIGHT', /light is 150\.0 %/],
    ['a lamp in the picture', { saturated: 0.3 }, 'IMAGE_TOO_BRIGHT', /30\.0 % of the picture is white/],
    ['no detail', { sharpness: 0.01 }, 'IMAGE_BLURRED', /sharpness is 0\.0100, at least 0\.1/],
    ['the empty scene', { presence: 1 }, 'SCENE_EMPTY', /1\.0 grey levels from the empty scene/],
    ['another scene', { deviation: 60 }, 'SCENE_EMPTY', /60\.0 grey levels from the reference/],
    ['a scene that moved far', { scene: far }, 'CAMERA_MOVED', /5\.0 % of the width further right and 2\.0 % higher/],
    [
      'a scene that is not found',
      { scene: { ...far, matchThere: 0.3 } },
      'CAMERA_MOVED',
      /not found \(correlation 0\.20/,
    ],
    [
      'a scene that moved a little',
      { scene: { match: 0.9, matchThere: 0.97, right: -0.03, down: 0 } },
      'CAMERA_MOVED',
      /3\.0 % of the width further left/,
    ],
  ])('%s', (_, change, code, text) => {
    const problem = qualityProblem({ ...good, ...change }, limits);
    expect(problem?.code).toBe(code);
    expect(problem?.text ?? '').toMatch(text);
    expect(qualityProblem({ ...good, ...change }, {})).toBeUndefined();
  });

  it('names what explains the rest: a dark picture has no detail, one without a part nothing to be sharp', () => {
    expect(qualityProblem({ ...good, brightness: 3, sharpness: 0, deviation: 90 }, limits)?.code).toBe(
      'IMAGE_TOO_DARK',
    );
    expect(qualityProblem({ ...good, presence: 0, sharpness: 0 }, limits)?.code).toBe('SCENE_EMPTY');
    expect(qualityProblem({ ...good, scene: far, deviation: 90 }, limits)?.code).toBe('CAMERA_MOVED');
  });

  it('looks at nothing that was not measured', () => {
    expect(qualityProblem({ brightness: 100, saturated: 0, sharpness: 1 }, limits)).toBeUndefined();
  });
});

describe('QualityGate', () => {
  const picture = (level: number): Image => ({
    kind: 'raw',
    format: 'grey8',
    width: 1,
    height: 1,
    data: Uint8Array.of(level),
  });
  let measured = 0;
  const gate = (log: string[] = []): QualityGate =>
    new QualityGate({
      meter: {
        open: async () => undefined,
        measure: async ({ data }) => {
          measured += 1;
          if (data[0] === 0) throw new Error('torn');
          return { ...good, brightness: data[0] ?? 0 };
        },
      },
      limits,
      warnAfter: 3,
      logger: { ...silentLogger, warn: (_, text) => void log.push(text), info: (_, text) => void log.push(text) },
    });

  it('warns once when several in a row were refused, until one is good', async () => {
    const log: string[] = [];
    const checked = gate(log);
    for (const level of [10, 10, 100, 10, 10]) await checked.check(picture(level));
    expect(checked.trouble).toBeUndefined();
    for (const level of [10, 12]) await checked.check(picture(level));
    expect(checked.trouble).toMatch(
      /^the last 4 pictures were refused.*the newest is too dark: the mean grey level is 12/,
    );
    expect(log).toHaveLength(1);
    await checked.check(picture(100));
    expect(checked.trouble).toBeUndefined();
    expect(log[1]).toBe('The pictures are good again.');
    expect(checked.refused).toBe(6);
  });

  it('looks at the same picture once', async () => {
    const checked = gate();
    const same = picture(100);
    measured = 0;
    await Promise.all([checked.check(same), checked.check(same)]);
    expect(measured).toBe(1);
  });

  it('says of a picture that cannot be decoded that it cannot be read, and blames no lamp', async () => {
    const checked = gate();
    for (let count = 0; count < 5; count += 1) {
      expect(await checked.check(picture(0))).toEqual({ code: 'IMAGE_UNREADABLE', text: 'torn' });
    }
    expect(checked.trouble).toBeUndefined();
  });
});
