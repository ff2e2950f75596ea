import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image, View } from '#jidoka/domain/frame.js';
import type { Classifier, ClassifierInfo } from '#jidoka/ports/classifier.js';

const upright: View = { rotate: 0 };

/**
 * What a subject of the contract is: its model calls bright pictures good, with the labels `good` and `defect1`, and has a
 * class-activation map. */
export interface ClassifierSubject {
  readonly classifier: Classifier;
  readonly dispose?: () => Promise<void>;
}

function flat(level: number, width = 20, height = 10): Image {
  return { kind: 'raw', format: 'grey8', width, height, data: new Uint8Array(width * height).fill(level) };
}

/** Everything that a `Classifier` promises, for every implementation. */
export function classifierContract(name: string, make: () => Promise<ClassifierSubject>): void {
  describe(`${name} as a classifier`, () => {
    let subject: ClassifierSubject;
    let classifier: Classifier;
    let info: ClassifierInfo;

    beforeAll(async () => {
      subject = await make();
      classifier = subject.classifier;
      info = await classifier.start();
    });
    afterAll(async () => {
      await classifier.stop();
      await subject.dispose?.();
    });

    it('says what it is', () => {
      expect(info.labels).toEqual(['good', 'defect1']);
      expect(info).toMatchObject({ goodLabel: 'good', goodThreshold: 0.5 });
      expect(info.model.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(info.variant).not.toBe('');
      expect(info.workers).toBeGreaterThanOrEqual(1);
      expect(info.license).not.toBe('');
      expect(info.dataSource).not.toBe('');
    });

    it('gives one probability a label, and the label with the highest', async () => {
      const { classification } = await classifier.classify(flat(255), upright);
      expect(classification.labels).toEqual(info.labels);
      expect(classification.label).toBe('good');
      expect(classification.score).toBe(classification.scores[0]);
      expect(classification.scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
      for (const duration of Object.values(classification.timing)) expect(duration).toBeGreaterThanOrEqual(0);
    });

    it('gives the map when it is asked for, and only then', async () => {
      const results = await Promise.all(
        [true, false, undefined].map((map) =>
          classifier.classify(flat(255), upright, map === undefined ? {} : { map }),
        ),
      );
      const [asked, notAsked, unsaid] = results;
      expect(asked?.map?.labels).toEqual(info.labels);
      expect(asked?.map?.values).toHaveLength(
        (asked?.map?.rows ?? 0) * (asked?.map?.columns ?? 0) * info.labels.length,
      );
      expect(asked?.map?.values.every(Number.isFinite)).toBe(true);
      expect(notAsked).not.toHaveProperty('map');
      expect(unsaid).not.toHaveProperty('map');
      expect(asked?.classification.scores).toEqual(notAsked?.classification.scores);
    });

    it('gives the image back with its bytes unchanged', async () => {
      const image = flat(200);
      const result = await classifier.classify(image, upright);
      expect(result.image).toMatchObject({ kind: 'raw', width: 20, height: 10 });
      expect(result.image.data).toEqual(new Uint8Array(200).fill(200));
    });

    it('judges the region only', async () => {
      const data = new Uint8Array(200).fill(0);
      for (let row = 0; row < 10; row += 1) data.fill(255, row * 20 + 10, row * 20 + 20);
      const image: Image = { kind: 'raw', format: 'grey8', width: 20, height: 10, data };
      const right = await classifier.classify(image, {
        region: { left: 10, top: 0, width: 10, height: 10 },
        rotate: 90,
      });
      expect(right.classification.label).toBe('good');
      const left = await classifier.classify(image, { region: { left: 0, top: 0, width: 10, height: 10 }, rotate: 90 });
      expect(left.classification.label).toBe('defect1');
    });

    it('keeps many calls at once apart and serves them in their order', async () => {
      const settled: number[] = [];
      const calls = Array.from({ length: 60 }, async (_, index) => {
        const { classification } = await classifier.classify(flat(index % 3 === 0 ? 255 : 0), upright);
        settled.push(index);
        return classification.label;
      });
      const expected = calls.map((_, index) => (index % 3 === 0 ? 'good' : 'defect1'));
      expect(await Promise.all(calls)).toEqual(expected);
      // With one worker the order of the results is the order of the calls; several may overtake each other.
      if (info.workers === 1) expect(settled).toEqual(expected.map((_, index) => index));
      else expect(settled).toHaveLength(expected.length);
    });

    it('rejects a picture that is at fault, and stays usable', async () => {
      const calls = await Promise.allSettled([
        classifier.classify({ kind: 'encoded', data: Buffer.from('no picture') }, upright),
        classifier.classify({ kind: 'encoded', data: new Uint8Array(0) }, upright),
        classifier.classify(flat(255), { region: { left: 0, top: 0, width: 21, height: 1 }, rotate: 0 }),
        classifier.classify(flat(255), upright),
      ]);
      for (const call of calls.slice(0, 3)) {
        expect(call).toMatchObject({
          status: 'rejected',
          reason: { code: expect.stringMatching(/^IMAGE_/), consequence: 'degraded' },
        });
      }
      expect(calls[3]).toMatchObject({ status: 'fulfilled', value: { classification: { label: 'good' } } });
    });

    it('is alive while it runs', async () => {
      expect(await classifier.alive(10_000)).toBe(true);
    });

    it('finishes what is under way when it stops, then refuses, and stops twice without harm', async () => {
      const underWay = Array.from({ length: 5 }, () => classifier.classify(flat(255), upright));
      await classifier.stop();
      const results = await Promise.all(underWay);
      expect(results.map(({ classification }) => classification.label)).toEqual(new Array(5).fill('good'));
      await expect(classifier.classify(flat(255), upright)).rejects.toMatchObject({
        code: expect.stringMatching(/^INFERENCE_/),
      });
      expect(await classifier.alive(1000)).toBe(false);
      await classifier.stop();
    });
  });
}
