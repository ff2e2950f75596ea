import type { Finding } from '../problem.js';
import { code, listing, nearest } from '../wording.js';
import type { Cursor } from './cursor.js';

/** What recipes, regions and the quality of pictures need besides the schema. */
export function checkRecipes(root: Cursor): readonly Finding[] {
  return root
    .at('stations')
    .items.flatMap((station) => [
      ...checkDefault(station),
      ...checkSeveralParts(station),
      ...checkAreas(station, station.at('camera').at('region'), 'the region of the camera'),
      ...station.at('recipes').entries.flatMap(([, recipe]) => checkAreas(recipe, recipe.at('region'), 'its `region`')),
      ...checkQuality(station.at('quality')),
    ]);
}

function checkDefault(station: Cursor): readonly Finding[] {
  const { text, path } = station.at('defaultRecipe');
  const names = station.at('recipes').entries.map(([name]) => name);
  if (text === undefined || names.includes(text)) return [];
  const meant = nearest(text, names);
  const what = `The station has no recipe ${code(text)}.`;
  const instead =
    meant !== undefined
      ? `Did you mean ${code(meant)}?`
      : names.length === 0
        ? 'Add it to `recipes`, or remove the line.'
        : `Write one of ${listing(names)}.`;
  return [{ path, at: 'value', what, instead }];
}

/** One place a region, and a number of passes that can be reached. */
function checkAreas(owner: Cursor, region: Cursor, regionText: string): readonly Finding[] {
  const regions = owner.at('regions');
  const needed = owner.at('passesNeeded');
  const findings: Finding[] = [];
  if (regions.exists && region.exists) {
    const what = `The picture is cut twice: by \`regions\` and by ${regionText}.`;
    findings.push({ path: region.path, at: 'key', what, instead: 'Remove one of the two.' });
  }
  const seen = new Set<string>();
  for (const { text, path } of regions.items.map((item) => item.at('name'))) {
    if (text === undefined) continue;
    if (seen.has(text)) {
      const what = `The name ${code(text)} is taken by another region of the list.`;
      findings.push({ path, at: 'value', what, instead: 'Give each region a name of its own.' });
    }
    seen.add(text);
  }
  const count = regions.items.length;
  if (needed.number !== undefined && count > 0 && needed.number > count) {
    const what = `${needed.number} of ${count} regions can never pass.`;
    findings.push({ path: needed.path, at: 'value', what, instead: `Write a number from 1 to ${count}.` });
  }
  return findings;
}

function checkSeveralParts(station: Cursor): readonly Finding[] {
  const parts = station.at('parts');
  if (parts.text !== 'each-region') return [];
  const recipes = station.at('recipes').entries;
  const findings: Finding[] = [];
  if (!station.at('regions').exists && !recipes.some(([, recipe]) => recipe.at('regions').exists)) {
    const what = 'There are no `regions` that could show a part each.';
    findings.push({ path: parts.path, at: 'value', what, instead: 'Add `regions`, or remove the line.' });
  }
  for (const owner of [station, ...recipes.map(([, recipe]) => recipe)]) {
    const needed = owner.at('passesNeeded');
    if (!needed.exists) continue;
    const what = 'Each region is a part of its own here, so that none of them depends on how many pass.';
    findings.push({ path: needed.path, at: 'key', what, instead: 'Remove it, or write `parts: one`.' });
  }
  const plc = station.at('output').at('plc');
  if (plc.exists) {
    const what =
      'The verdicts of several parts of one picture cannot all be in one set of tags: the last one would win.';
    const instead = 'Write `parts: one`, or leave out `output.plc` and take the verdicts from MQTT.';
    findings.push({ path: plc.path, at: 'key', what, instead });
  }
  return findings;
}

const COMPARING = [
  'minimumLight',
  'maximumLight',
  'maximumDeviation',
  'minimumPresence',
  'minimumMatch',
  'maximumShift',
] as const;

function checkQuality(quality: Cursor): readonly Finding[] {
  const findings: Finding[] = [];
  if (quality.exists && !quality.at('reference').exists) {
    for (const key of COMPARING) {
      const limit = quality.at(key);
      if (!limit.exists) continue;
      const what = `${code(key)} compares with a reference, and none is named.`;
      const instead = 'Make one with `jidoka camera calibrate STATION` and name its file in `reference`.';
      findings.push({ path: limit.path, at: 'key', what, instead });
    }
  }
  for (const of of ['Brightness', 'Light']) {
    const [least, most] = [quality.at(`minimum${of}`), quality.at(`maximum${of}`)];
    if (least.number === undefined || most.number === undefined || least.number < most.number) continue;
    const what = `No picture can lie between ${least.number} and ${most.number}.`;
    const instead = `Write a \`minimum${of}\` that is less than \`maximum${of}\`.`;
    findings.push({ path: least.path, at: 'value', what, instead });
  }
  return findings;
}
