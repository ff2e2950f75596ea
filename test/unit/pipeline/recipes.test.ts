import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '#jidoka/base/bounded-queue.js';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Frame } from '#jidoka/domain/frame.js';
import type { Part } from '#jidoka/domain/inspection.js';
import type { VerdictPolicy } from '#jidoka/domain/verdict.js';
import { Inspector } from '#jidoka/pipeline/inspect.js';
import { ModelSlot } from '#jidoka/pipeline/model-slot.js';
import type { PairedPart } from '#jidoka/pipeline/paired-part.js';
import { QualityGate } from '#jidoka/pipeline/quality-gate.js';
import { type Recipe, Recipes } from '#jidoka/pipeline/recipes.js';
import type { Areas } from '#jidoka/pipeline/regions.js';
import {
  frame,
  MemoryLedger,
  noSensors,
  ScriptedCamera,
  ScriptedClassifier,
  twoClasses,
} from '../../simulators/ports.js';

const policy: VerdictPolicy = {
  goodLabel: 'good',
  classes: new Map([['bad', { action: 'fail', threshold: 0.5 }]]),
  minimumPassConfidence: 0.5,
  sensors: [],
  requiredSensors: new Set(),
};
const whole: Areas = { kind: 'whole', view: { rotate: 0 } };

/** A recipe whose model notes which pictures it was shown. */
function recipeOf(name: string | undefined, shown: string[], areas = whole): Recipe {
  const classifier = new ScriptedClassifier(async (pixel) => {
    shown.push(`${name ?? 'own'} ${pixel}`);
    return 0.9;
  });
  const info = { ...twoClasses, model: { ...twoClasses.model, name: name ?? 'own' } };
  return { name, models: new ModelSlot({ classifier, info, policy }), areas };
}

function recipesOf(shown: string[] = []): Recipes {
  const named = ['housing', 'lid'].map((name) => [name, recipeOf(name, shown)] as const);
  return new Recipes({ own: recipeOf(undefined, shown), named: new Map(named) });
}

describe('Recipes', () => {
  it('gives a part the recipe it brings, without what fills the text up', () => {
    const recipes = recipesOf();
    expect(recipes.of({ recipe: 'lid' })).toMatchObject({ name: 'lid', recipe: { name: 'lid' } });
    expect(recipes.of({ recipe: '  lid \u0000\u0000' })).toMatchObject({ name: 'lid', recipe: { name: 'lid' } });
  });

  it.each([undefined, '', '   ', '\u0000'])('gives a part without one (%j) what is in force', (recipe) => {
    const recipes = recipesOf();
    const part: Pick<Part, 'recipe'> = recipe === undefined ? {} : { recipe };
    expect(recipes.of(part)).toMatchObject({ name: undefined, recipe: { name: undefined } });
    recipes.select('housing');
    expect(recipes.of(part)).toMatchObject({ name: 'housing', recipe: { name: 'housing' } });
    recipes.select(undefined);
    expect(recipes.of(part).name).toBeUndefined();
  });

  it.each(['Lid', 'lid2', 'constructor', 'x'.repeat(1000)])('knows no recipe %s', (recipe) => {
    const chosen = recipesOf().of({ recipe });
    expect(chosen.problem).toMatchObject({ code: 'RECIPE_UNKNOWN', text: expect.stringContaining('housing, lid') });
    expect(chosen.problem?.text.length).toBeLessThan(250);
    expect(chosen.name).toBe(recipe.slice(0, 64));
  });

  it('keeps what is in force when a recipe is selected that it does not know', () => {
    const recipes = recipesOf();
    recipes.select('lid');
    expect(() => recipes.select('lids')).toThrow(/PIPELINE_RECIPE_UNKNOWN.*"lids".*one of housing, lid/);
    expect(recipes.inForce.name).toBe('lid');
  });

  it('notes what a station without recipes is told, and does as always', () => {
    const recipes = Recipes.none(recipeOf(undefined, []).models, whole);
    const chosen = recipes.of({ recipe: 'lid' });
    expect(chosen).toMatchObject({ name: 'lid', recipe: { name: undefined } });
    expect(chosen.problem).toBeUndefined();
    expect(() => recipes.select('lid')).toThrow('the station has no recipes');
  });

  it('begins with the default recipe, and goes back to it', () => {
    const named = new Map(['housing', 'lid'].map((name) => [name, recipeOf(name, [])] as const));
    const recipes = new Recipes({ named, fallback: 'lid' });
    expect(recipes.inForce.name).toBe('lid');
    recipes.select('housing');
    recipes.select(undefined);
    expect(recipes.inForce.name).toBe('lid');
  });
});

async function inspect(parts: readonly PairedPart[], recipes: Recipes, quality?: QualityGate) {
  const ledger = new MemoryLedger();
  const camera = new ScriptedCamera(async function* () {});
  const inspector = new Inspector({
    station: { name: 'surface', images: 'fails-and-reviews' },
    view: { rotate: 0 },
    camera,
    sensors: noSensors,
    models: recipes.inForce.models,
    recipes,
    ...(quality !== undefined && { quality }),
    encoder: { toJpeg: async (image) => image.data },
    jpegQuality: 85,
    ledger,
    clock: systemClock,
    logger: silentLogger,
    onInspected: () => undefined,
    onUnrecorded: () => undefined,
  });
  const queue = new BoundedQueue<PairedPart>(100, 'wait', () => undefined);
  for (const part of parts) await queue.push(part);
  queue.close();
  await inspector.run(queue);
  return { records: ledger.records, camera };
}

function paired(index: number, recipe?: string, change: Partial<Frame> = {}): PairedPart {
  return {
    part: { id: `part-${index}`, openedAtMs: 0, openedTickMs: 0, ...(recipe !== undefined && { recipe }) },
    frame: { ...frame(index), ...change },
  };
}

describe('Inspector with recipes', () => {
  it('shows each part to the model of its recipe, and one of an unknown recipe to none', async () => {
    const shown: string[] = [];
    const { records } = await inspect(
      [paired(1, 'housing'), paired(2, 'lid'), paired(3, 'bracket'), paired(4)],
      recipesOf(shown),
    );
    expect(shown.sort()).toEqual(['housing 1', 'lid 2', 'own 4']);
    const told = records.map(({ inspection: { recipe, model, verdict, result }, jpeg }) => [
      recipe,
      model.name,
      verdict.decision,
      verdict.reasons[0]?.code,
      result?.label,
      jpeg !== undefined,
    ]);
    expect(told).toEqual([
      ['housing', 'housing', 'pass', undefined, 'good', false],
      ['lid', 'lid', 'pass', undefined, 'good', false],
      ['bracket', 'own', 'review', 'RECIPE_UNKNOWN', undefined, true],
      [undefined, 'own', 'pass', undefined, 'good', false],
    ]);
  });

  it('makes an inspection of each region where each shows a part; the file is done with after the last', async () => {
    const regions = ['left', 'middle', 'right'].map((name) => ({ name, view: { rotate: 0 } as const }));
    const recipes = Recipes.none(recipeOf(undefined, []).models, { kind: 'regions', regions, partEach: true });
    const origin = { name: 'a.jpg', key: 'a.jpg:1' };
    const { records, camera } = await inspect([paired(1, undefined, { origin }), paired(2)], recipes);
    const told = records.map(({ inspection: { id, regions: judged, origin: from } }) => [
      id.startsWith('part-') ? id : 'new',
      judged?.map(({ name }) => name).join(),
      from?.name,
    ]);
    expect(told).toEqual([
      ['part-1', 'left', undefined],
      ['new', 'middle', undefined],
      ['new', 'right', 'a.jpg'],
      ['part-2', 'left', undefined],
      ['new', 'middle', undefined],
      ['new', 'right', undefined],
    ]);
    expect(new Set(records.map(({ inspection }) => inspection.id)).size).toBe(6);
    expect(camera.inspectedFrames).toEqual([1, 2]);
  });

  it('sends a picture that is not fit to be judged to review, whatever the model makes of it', async () => {
    const meter = {
      open: async () => undefined,
      measure: async (image: Frame['image']) => ({ brightness: image.data[0] ?? 0, saturated: 0, sharpness: 1 }),
    };
    const quality = new QualityGate({ meter, limits: { minimumBrightness: 2 }, warnAfter: 5, logger: silentLogger });
    const { records } = await inspect([paired(1), paired(2)], recipesOf(), quality);
    expect(records.map(({ inspection: { verdict, result }, jpeg }) => [verdict, result?.label, jpeg?.[0]])).toEqual([
      [
        {
          decision: 'review',
          reasons: [{ code: 'IMAGE_TOO_DARK', text: 'too dark: the mean grey level is 1.0, at least 2 is needed' }],
        },
        undefined,
        1,
      ],
      [{ decision: 'pass', reasons: [] }, 'good', undefined],
    ]);
  });
});
