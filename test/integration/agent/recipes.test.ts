import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InspectionMessage } from '#jidoka/domain/message.js';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Commander } from '../../simulators/commander.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { type TinyModel, writeTinyPackage } from '../../simulators/onnx.js';
import { StationOnDisk } from './line.js';

/** Calls dark pictures good. */
const INVERSE: TinyModel = { weights: [-10, 10], biases: [5, -5] };
const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;

/** White on the left and black on the right, or white all over. */
function picture(kind: 'white' | 'half'): Promise<Buffer> {
  const data = Buffer.alloc(64 * 32, 255);
  if (kind === 'half') for (let row = 0; row < 32; row += 1) data.fill(0, row * 64 + 32, row * 64 + 64);
  return sharp(data, { raw: { width: 64, height: 32, channels: 1 } })
    .png()
    .toBuffer();
}

describe.skipIf(mosquittoAbsent !== undefined)(`recipes and regions${reason}`, { timeout: 60_000 }, () => {
  let broker: Mosquitto;
  let place: StationOnDisk;
  let scada: Commander;
  let agent: AgentProcess;
  let delivered = 0;
  const seqs = new Map<string, number>();

  beforeAll(async () => {
    broker = await Mosquitto.start();
    place = await StationOnDisk.create();
    scada = await Commander.connect(broker.url, 'plant/line');
    await writeTinyPackage(place.folder);
    await writeTinyPackage(join(place.folder, 'inverse'), INVERSE);
    for (const name of ['white', 'surface', 'any', 'enough', 'each']) await mkdir(join(place.folder, name));
    await writeFile(join(place.folder, 'white', '1.png'), await picture('white'));
    const [tiny, inverse] = [join(place.folder, 'tiny'), join(place.folder, 'inverse', 'tiny')];
    const camera = (name: string): string => `{ kind: directory, path: ${name}, settleMs: 20, pollMs: 50 }`;
    const regions = `regions:
      - { name: left, left: 0, top: 0, width: 32, height: 32 }
      - { name: right, left: 32, top: 0, width: 32, height: 32 }
      - { name: middle-left, left: 16, top: 0, width: 16, height: 32 }`;
    await writeFile(
      place.config,
      `version: 1
gateway: { name: recipes }
storage: { directory: state }
mqtt:
  url: '${broker.url}'
  baseTopic: plant/line
  reconnectMaxMs: 500
  commands: [select-recipe, set-threshold, select-model, inspect]
stations:
  - name: surface
    camera: ${camera('surface')}
    model: { package: ${tiny} }
    recipes:
      bright lid: {}
      "12": { model: { package: ${inverse} } }
      part of it: { region: { left: 32, top: 0, width: 32, height: 32 } }
  - name: asked
    camera: { kind: replay, path: white, framesPerSecond: 20 }
    trigger: { kind: timer, everyMs: 86400000 }
    model: { package: ${tiny} }
    recipes: { dark: { model: { package: ${inverse} } } }
  - name: any
    camera: ${camera('any')}
    model: { package: ${tiny} }
    ${regions}
  - name: enough
    camera: ${camera('enough')}
    model: { package: ${tiny} }
    ${regions}
    passesNeeded: 2
  - name: each
    camera: ${camera('each')}
    model: { package: ${tiny} }
    ${regions}
    parts: each-region
    images: all
`,
    );
    agent = new AgentProcess(place.config);
    await agent.logged(/^Ready\b/, 60_000);
    await agent.logged(/^Commands are taken from the broker/, 60_000);
  }, 120_000);

  afterAll(async () => {
    await agent?.dispose();
    await scada?.end();
    await broker?.dispose();
    await place?.remove();
  });

  /** Puts a picture before a station's camera and gives the last of its inspections, where there are several. */
  async function inspect(station: string, kind: 'white' | 'half', inspections = 1): Promise<InspectionMessage> {
    const seq = (seqs.get(station) ?? 0) + inspections;
    seqs.set(station, seq);
    delivered += 1;
    const name = `${delivered}.png`;
    await writeFile(join(place.folder, name), await picture(kind));
    await rename(join(place.folder, name), join(place.folder, station, name));
    return scada.until(() => {
      const message = scada.latest.get(`plant/line/${station}/inspection`) as unknown as InspectionMessage | undefined;
      return message?.seq === seq ? message : undefined;
    });
  }

  const stateOf = (station: string) => scada.latest.get(`plant/line/${station}/state`) as Record<string, never>;

  it('judges by the recipe that is selected, at once, and as the station says without one', async () => {
    expect(await inspect('surface', 'white')).toMatchObject({ verdict: 'pass', class: 'good' });
    const { message } = await scada.give('surface', 'select-recipe', { recipe: '12' });
    expect(message).toMatchObject({ ok: true, value: { recipe: '12', recipes: ['12', 'bright lid', 'part of it'] } });
    expect(await inspect('surface', 'white')).toMatchObject({ verdict: 'fail', class: 'defect1', recipe: '12' });
    await scada.give('surface', 'select-recipe', { recipe: 'bright lid' });
    expect(await inspect('surface', 'white')).toMatchObject({ verdict: 'pass', recipe: 'bright lid' });
    await scada.give('surface', 'select-recipe', { recipe: 'part of it' });
    expect(await inspect('surface', 'half')).toMatchObject({ verdict: 'fail', recipe: 'part of it' });
    expect(await scada.give('surface', 'select-recipe', { recipe: 'bright lids' })).toMatchObject({
      message: { ok: false, code: 'PIPELINE_RECIPE_UNKNOWN' },
    });
    expect(await scada.give('surface', 'select-recipe')).toMatchObject({
      message: { ok: true, value: { recipe: null } },
    });
    const own = await inspect('surface', 'white');
    expect(own.verdict).toBe('pass');
    expect(own.recipe).toBeUndefined();
  });

  it('means the recipe in force where thresholds or a model are set, unless another is named', async () => {
    expect(await scada.give('surface', 'set-threshold', { good: 1, recipe: '12' })).toMatchObject({
      message: { ok: true, value: { thresholds: { good: 1, changed: true } } },
    });
    expect(await inspect('surface', 'white')).toMatchObject({ verdict: 'pass' });
    await scada.until(() => (stateOf('surface')['recipe'] === null ? true : undefined));
    expect(stateOf('surface')['thresholds']).toMatchObject({ changed: false });
    await scada.give('surface', 'select-recipe', { recipe: '12' });
    await scada.until(() => (stateOf('surface')['recipe'] === '12' ? true : undefined));
    expect(stateOf('surface')['thresholds']).toMatchObject({ good: 1, changed: true });
    expect(await scada.give('surface', 'set-threshold', { good: 1, recipe: '13' })).toMatchObject({
      message: { ok: false, code: 'PIPELINE_RECIPE_UNKNOWN' },
    });
  });

  it('judges one part by the recipe that it is asked for with, or not at all', async () => {
    const asked = (recipe: string) => scada.give('asked', 'inspect', { recipe });
    expect(await asked('dark')).toMatchObject({ message: { ok: true, value: { verdict: 'fail', class: 'defect1' } } });
    expect(await asked('light')).toMatchObject({
      message: { ok: true, value: { verdict: 'review', class: null, reasons: [{ code: 'RECIPE_UNKNOWN' }] } },
    });
    expect(await scada.give('asked', 'inspect')).toMatchObject({ message: { ok: true, value: { verdict: 'pass' } } });
    expect(place.recipes('asked')).toEqual(['dark', 'light', null]);
  });

  it('takes a new version of the model of a recipe on SIGHUP, and leaves the others as they are', async () => {
    await writeTinyPackage(join(place.folder, 'inverse'), INVERSE, undefined, '1.1.0');
    agent.send('SIGHUP');
    await agent.logged(/^The models have been looked at\./, 60_000);
    const changed = [...agent.text.matchAll(/^Station (.*) judges with this model from the next part on/gm)];
    expect(changed.map(([, where]) => where)).toEqual(['surface, recipe 12', 'asked, recipe dark']);
    expect(await inspect('surface', 'white')).toMatchObject({ recipe: '12', model: { version: '1.1.0' } });
  });

  it('fails a part for one bad region, and says which', async () => {
    const bad = await inspect('any', 'half');
    expect(bad).toMatchObject({ verdict: 'fail', class: 'defect1' });
    expect(bad.regions?.map(({ name, verdict, class: label }) => [name, verdict, label])).toEqual([
      ['left', 'pass', 'good'],
      ['right', 'fail', 'defect1'],
      ['middle-left', 'pass', 'good'],
    ]);
    expect(bad.reasons[0]).toMatchObject({ code: 'CLASS_FAIL', text: expect.stringMatching(/^right: defect1/) });
    expect(await inspect('any', 'white')).toMatchObject({ verdict: 'pass', reasons: [] });
  });

  it('passes a part of which enough regions pass', async () => {
    const message = await inspect('enough', 'half');
    expect(message).toMatchObject({ verdict: 'pass', class: 'good', reasons: [] });
    expect(message.regions?.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'pass']);
  });

  it('makes an inspection of each region where each shows a part of its own', async () => {
    const last = await inspect('each', 'half', 3);
    expect(last).toMatchObject({ verdict: 'pass', regions: [{ name: 'middle-left' }] });
    await scada.until(() => (Number(stateOf('each')['counts']?.['total']) === 3 ? true : undefined));
    expect(stateOf('each')).toMatchObject({ counts: { pass: 2, fail: 1, total: 3 } });
    const ofPicture = place.rows().filter(({ source }) => source === last.source);
    expect(ofPicture.map(({ id }) => id)).toEqual([last.id]);
  });

  it('remembers over a restart which recipe was selected, and takes no picture twice', async () => {
    expect(await agent.signal('SIGTERM')).toBe(0);
    scada.latest.clear();
    agent = new AgentProcess(place.config);
    await agent.logged(/^Ready\b/, 60_000);
    await scada.until(() => (stateOf('surface')?.['recipe'] === '12' ? true : undefined));
    expect(await inspect('surface', 'white')).toMatchObject({ verdict: 'fail', recipe: '12' });
    expect(await inspect('each', 'white', 3)).toMatchObject({ verdict: 'pass' });
    expect(await agent.signal('SIGTERM')).toBe(0);
  });
});
