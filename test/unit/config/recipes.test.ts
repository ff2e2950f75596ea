import { describe, expect, it } from 'vitest';
import { loadConfig } from '#jidoka/config/load.js';
import { stationForRecipe } from '#jidoka/config/recipe-station.js';
import type { StationConfig } from '#jidoka/config/schema/station.js';
import { problemsOf, withStation } from './helpers.js';

const brief = (lines: string): string[] => problemsOf(withStation(lines)).map(({ path, what }) => `${path}: ${what}`);

function stationOf(lines: string): StationConfig {
  const result = loadConfig(withStation(lines), 'f.yaml');
  const station = 'config' in result ? result.config.stations[0] : undefined;
  if (station === undefined) throw new Error(JSON.stringify(result));
  return station;
}

const REGION = 'left: 0, top: 0, width: 9, height: 9';
const REGIONS = `regions: [{ name: l, ${REGION} }, { name: r, ${REGION} }]`;

describe('recipes', () => {
  it('are named by what a PLC may send: numbers, spaces, any script', () => {
    const { recipes } = stationOf('recipes: { 12: {}, "Gehäuse 4 B": {}, 治具: {} }');
    expect(Object.keys(recipes)).toEqual(['12', 'Gehäuse 4 B', '治具']);
  });

  it.each([
    [
      'a default that is none',
      'recipes: { lid: {} }\ndefaultRecipe: lids',
      'stations[0].defaultRecipe: The station has no recipe `lids`.',
    ],
    [
      'a default without any recipe',
      'defaultRecipe: lid',
      'stations[0].defaultRecipe: The station has no recipe `lid`.',
    ],
    [
      'a region and regions',
      `recipes: { lid: { region: { ${REGION} }, ${REGIONS} } }`,
      'stations[0].recipes.lid.region: The picture is cut twice: by `regions` and by its `region`.',
    ],
    [
      'two regions of one name',
      `regions: [{ name: l, ${REGION} }, { name: l, ${REGION} }]`,
      'stations[0].regions[1].name: The name `l` is taken by another region of the list.',
    ],
    [
      'passes that cannot be',
      `${REGIONS}\npassesNeeded: 3`,
      'stations[0].passesNeeded: 3 of 2 regions can never pass.',
    ],
    [
      'parts without regions',
      'parts: each-region',
      'stations[0].parts: There are no `regions` that could show a part each.',
    ],
    [
      'limits that need a reference',
      'quality: { minimumBrightness: 10, maximumShift: 0.1 }',
      'stations[0].quality.maximumShift: `maximumShift` compares with a reference, and none is named.',
    ],
    [
      'limits that exclude each other',
      'quality: { minimumBrightness: 90, maximumBrightness: 80 }',
      'stations[0].quality.minimumBrightness: No picture can lie between 90 and 80.',
    ],
  ])('may not have %s', (_, lines, problem) => {
    expect(brief(lines)).toEqual([problem]);
  });

  it('may not have the verdicts of several parts in one set of tags', () => {
    const lines = `${REGIONS}\nparts: each-region\noutput: { plc: { ok: i=1, nok: i=2 } }`;
    const problems = problemsOf(withStation(lines, 'opcua: { plc: { endpoint: "opc.tcp://plc:4840" } }\n'));
    expect(problems).toMatchObject([
      { path: 'stations[0].output.plc', what: expect.stringContaining('the last one would win') },
    ]);
  });

  it('have rules for the classes of the model that judges them', () => {
    const described = { labels: ['good', 'crack'], goodLabel: 'good', variants: ['fp32'] };
    const other = { labels: ['fine', 'dent'], goodLabel: 'fine', variants: ['int8'] };
    const describeModel = (name: string) => (name === 'other' ? other : described);
    const problems = (lines: string) =>
      problemsOf(withStation(`verdict: { classes: { crack: { action: fail } } }\n${lines}`), { describeModel });
    expect(problems('recipes: { a: { model: { package: other } } }')).toMatchObject([
      { path: 'stations[0].recipes.a.model.package', instead: expect.stringContaining('a `verdict` of its own') },
    ]);
    expect(
      problems('recipes: { a: { model: { package: other }, verdict: { classes: { dent: { action: review } } } } }'),
    ).toEqual([]);
    expect(problems('recipes: { a: { verdict: { classes: { crak: { action: fail } } } } }')).toMatchObject([
      { path: 'stations[0].recipes.a.verdict.classes.crak', instead: 'Did you mean `crack`?' },
    ]);
    expect(problems('recipes: { a: { model: { package: other, variant: int9 }, verdict: {} } }')).toMatchObject([
      { path: 'stations[0].recipes.a.model.variant', instead: 'Did you mean `int8`?' },
    ]);
  });
});

describe('stationForRecipe', () => {
  it('takes what the recipe says, and the rest from the station', () => {
    const station = stationOf(
      'verdict: { minimumPassConfidence: 0.9 }\nrecipes: { a: { model: { package: x } }, b: { verdict: {} } }',
    );
    expect(stationForRecipe(station, 'a')).toMatchObject({
      model: { package: 'x' },
      verdict: { minimumPassConfidence: 0.9 },
    });
    expect(stationForRecipe(station, 'b')?.model).toEqual(station.model);
    expect(stationForRecipe(station, 'b')?.verdict.minimumPassConfidence).toBeUndefined();
    expect(stationForRecipe(station, 'constructor')).toBeUndefined();
  });

  it('takes its region or regions in place of both', () => {
    const cut = { left: 1, top: 1, width: 2, height: 2 };
    const many = stationOf(
      `${REGIONS}\npassesNeeded: 2\nrecipes: { a: { region: { left: 1, top: 1, width: 2, height: 2 } }, b: {} }`,
    );
    const one = stationForRecipe(many, 'a');
    expect(one).toMatchObject({ camera: { region: cut } });
    expect([one?.regions, one?.passesNeeded]).toEqual([undefined, undefined]);
    expect(stationForRecipe(many, 'b')).toMatchObject({ regions: many.regions, passesNeeded: 2 });
    const single = stationOf(`recipes: { a: { ${REGIONS} } }`);
    const whole = stationForRecipe({ ...single, camera: { ...single.camera, region: cut } }, 'a');
    expect(whole?.camera.region).toBeUndefined();
    expect(whole?.regions).toHaveLength(2);
  });
});
