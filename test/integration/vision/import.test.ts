import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '#jidoka/vision/manifest.js';
import { loadModelPackage } from '#jidoka/vision/model-package.js';
import { type Ended, runScript } from '../../simulators/child.js';
import { type ForeignModel, writeClassFolders, writeForeignModel } from '../../simulators/foreign-models.js';

/** In the order in which `foreignModel` has its outputs. */
const LABELS = 'bright,dark,middle';

let home: string;
let pictures: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'jidoka-import-'));
  pictures = join(home, 'pictures');
  await writeClassFolders(pictures, { width: 12, height: 12 });
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Writes a model and imports it into a folder of models of its own. */
async function imported(name: string, options: ForeignModel, ...parameters: string[]): Promise<Ended> {
  const file = join(home, `${name}.onnx`);
  await writeForeignModel(file, options);
  return importFile(file, '--labels', LABELS, '--good', 'bright', ...parameters);
}

function importFile(file: string, ...parameters: string[]): Promise<Ended> {
  return runScript('model-commands.mjs', ['model', 'import', file, '--out', join(home, 'models'), ...parameters]);
}

async function manifestOf(name: string, version = '1.0.0'): Promise<Manifest> {
  return (await loadModelPackage(join(home, 'models', name, version))).manifest;
}

describe('jidoka model import', { timeout: 120_000 }, () => {
  it('imports a PyTorch model and finds its scaling by class folders', async () => {
    const scaled = (pixel: number): number => (pixel / 255 - 0.485) / 0.229;
    const ended = await imported('torch', { layout: 'NCHW', scaled }, '--samples', pictures);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('exporter pytorch 2.9.0, operators ai.onnx 17');
    expect(ended.stdout).toContain('30 pictures of known class');
    expect(ended.stdout).toContain('The first fits clearly better than the others.');
    expect(ended.stdout).toContain('package: torch/1.0.0');
    const manifest = await manifestOf('torch');
    expect(manifest).toMatchObject({
      labels: ['bright', 'dark', 'middle'],
      goodLabel: 'bright',
      input: { name: 'input.1', layout: 'NCHW', width: 8, height: 8, channels: 3, type: 'float32' },
      preprocessing: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: 'rgb', resize: 'stretch' },
      output: { name: 'fc', activation: 'logits', map: null },
      defaultVariant: 'imported',
      license: 'not stated',
    });
    expect(manifest.golden?.samples).toHaveLength(6);
    const files = await readdir(join(home, 'models', 'torch', '1.0.0'));
    expect(files.sort()).toEqual(['CARD.md', 'golden', 'model.json', 'model.onnx']);
    expect(await readFile(join(home, 'models', 'torch', '1.0.0', 'CARD.md'), 'utf8')).toContain('bright, dark, middle');
    expect((await readdir(join(home, 'models'))).filter((name) => name.startsWith('.'))).toEqual([]);
    const judged = await runScript('model-commands.mjs', ['eval', join(home, 'models', 'torch'), pictures, '--json']);
    expect(JSON.parse(judged.stdout)).toMatchObject({ accuracy: 1, n: 30 });
  });

  it('imports a Keras model that was shown blue first', async () => {
    const scaled = (pixel: number): number => pixel / 127.5 - 1;
    const keras: ForeignModel = {
      layout: 'NHWC',
      output: 'softmax',
      scaled,
      looksAt: 2,
      batch: 'unk__0',
      producer: ['tf2onnx', '1.17.0'],
    };
    const ended = await imported('keras', keras, '--samples', pictures, '--no-golden');
    expect(ended.code).toBe(0);
    expect(await manifestOf('keras')).toMatchObject({
      input: { layout: 'NHWC' },
      preprocessing: { mean: [1], std: [1], order: 'bgr' },
      output: { activation: 'softmax' },
      golden: null,
    });
    expect(ended.stdout).toContain('It has no golden samples');
  });

  it('imports a scikit-learn model with the class beside the scores, and keeps generated pictures', async () => {
    const sklearn: ForeignModel = {
      layout: 'FLAT',
      output: 'softmax',
      sklearn: 'tensor',
      outputName: 'probabilities',
      width: 16,
      height: 16,
      batch: '',
    };
    const ended = await imported('forest', sklearn, '--scale', '0..1', '--yes');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('note     not read: "label"');
    expect(ended.stdout).toContain('golden/ holds generated pictures');
    const manifest = await manifestOf('forest');
    expect(manifest).toMatchObject({ input: { layout: 'FLAT', width: 16, height: 16, channels: 1 } });
    expect(manifest.golden?.samples).toHaveLength(6);
  });

  it('takes whole numbers as they are and a class-activation map', async () => {
    const map: ForeignModel = { layout: 'NHWC', type: 'uint8', scaled: (pixel) => pixel, output: 'softmax', map: true };
    const ended = await imported('mapped', map, '--samples', pictures, '--license', 'MIT', '--source', 'line 4');
    expect(ended.code).toBe(0);
    expect(await manifestOf('mapped')).toMatchObject({
      output: { map: { name: 'cam', rows: 8, columns: 8 } },
      preprocessing: { scale: 1, mean: [0], std: [1], order: 'rgb' },
      license: 'MIT',
      dataSource: 'line 4',
    });
    expect(ended.stdout).toContain('--heatmap FOLDER');
  });

  it('says that pictures do not tell scalings apart, and takes what is told', async () => {
    const folder = join(home, 'easy');
    for (const [name, level] of [
      ['bright', 240],
      ['dark', 10],
    ] as const) {
      await mkdir(join(folder, name), { recursive: true });
      for (const count of [1, 2, 3, 4]) {
        await writeFile(
          join(folder, name, `${count}.png`),
          await readFile(join(pictures, name, `${level === 10 ? 20 : 240}.png`)),
        );
      }
    }
    const scaled = (pixel: number): number => pixel / 127.5 - 1;
    const unsure = await imported('unsure', { layout: 'NCHW', scaled }, '--samples', folder);
    expect(unsure.code).toBe(0);
    expect(unsure.stdout).toContain('warning: the scaling is not certain');
    const told = await imported(
      'told',
      { layout: 'NCHW', scaled },
      '--samples',
      folder,
      '--scale',
      '-1..1',
      '--color',
      'rgb',
    );
    expect(told.stdout).not.toContain('warning');
    expect(await manifestOf('told')).toMatchObject({ preprocessing: { mean: [1], std: [1], order: 'rgb' } });
  });

  it('names the option where nobody can be asked', async () => {
    const scale = await imported('undecided', { layout: 'NCHW' });
    expect(scale.code).toBe(78);
    expect(scale.stderr).toContain('Expected: --scale imagenet or 0..1 or -1..1 or 0..255 or caffe.');
    const size = await imported('undecided', { layout: 'FLAT', width: 5, height: 3, batch: '' }, '--scale', '0..1');
    expect(size.stderr).toContain('--size WIDTHxHEIGHT');
    const file = join(home, 'undecided.onnx');
    const labels = await importFile(file, '--yes');
    expect(labels.stderr).toContain('--labels a,b,c');
    const good = await importFile(file, '--labels', 'a,b,c', '--size', '5x3', '--scale', '0..1');
    expect(good.stderr).toContain('Expected: --good LABEL a or b or c or none.');
    await expect(stat(join(home, 'models', 'undecided'))).rejects.toThrow();
  });

  it('finds out that the labels are in another order', async () => {
    const file = join(home, 'order.onnx');
    await writeForeignModel(file, { layout: 'NCHW' });
    const wrong = await importFile(file, '--labels', 'dark,middle,bright', '--good', 'bright', '--samples', pictures);
    expect(wrong.code).toBe(78);
    expect(wrong.stderr).toContain('Give --labels bright,dark,middle,');
  });

  it('never replaces a package unless it is told to', async () => {
    const options: ForeignModel = { layout: 'NCHW' };
    const first = await imported('twice', options, '--scale', '0..1');
    expect(first.code).toBe(0);
    const second = await imported('twice', options, '--scale', '-1..1');
    expect(second.code).toBe(78);
    expect(second.stderr).toContain('IMPORT_EXISTS');
    expect(await manifestOf('twice')).toMatchObject({ preprocessing: { mean: [0] } });
    expect((await imported('twice', options, '--scale', '-1..1', '--force')).code).toBe(0);
    expect(await manifestOf('twice')).toMatchObject({ preprocessing: { mean: [1] } });
    expect((await imported('twice', options, '--scale', '0..1', '--version', '1.0.1')).code).toBe(0);
    expect((await readdir(join(home, 'models', 'twice'))).sort()).toEqual(['1.0.0', '1.0.1']);
  });

  it('goes on after samples that cannot be read, and reads labels from a file', async () => {
    const folder = join(home, 'torn');
    await mkdir(folder);
    await writeFile(join(folder, 'torn.png'), 'no picture');
    await writeFile(join(folder, 'whole.png'), await readFile(join(pictures, 'dark', '20.png')));
    const names = join(home, 'names.txt');
    await writeFile(names, '\uFEFFbright\r\ndark\r\n\r\nmiddle\r\n');
    const file = join(home, 'labelled.onnx');
    await writeForeignModel(file, { layout: 'NCHW' });
    const ended = await importFile(file, '--labels', names, '--good', 'none', '--scale', '0..1', '--samples', folder);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`${join(folder, 'torn.png')}: IMAGE_FORMAT_UNSUPPORTED`);
    const manifest = await manifestOf('labelled');
    expect(manifest).toMatchObject({ labels: ['bright', 'dark', 'middle'], goodLabel: null });
    expect(manifest.golden?.samples.map((sample) => sample.file)).toEqual(['golden/1-whole.png']);
    await rm(join(folder, 'whole.png'));
    const none = await importFile(file, '--labels', names, '--samples', folder, '--version', '2.0.0');
    expect(none.stderr).toContain('Got: no picture that can be read.');
  });

  it.each([
    ['a ZipMap', { layout: 'FLAT', sklearn: 'zipmap', output: 'softmax', outputName: 'p' }, "{'zipmap': False}"],
    ['weights in another file', { layout: 'NCHW', externalData: true }, 'weights.data'],
    ['an operator set to come', { layout: 'NCHW', opset: 99 }, 'opset_version=17'],
    ['sigmoids', { layout: 'NCHW', output: 'sigmoid' }, 'do not sum to 1'],
    ['a fixed batch', { layout: 'NCHW', batch: 4 }, 'a fixed batch of 4'],
  ] as const)('refuses %s, and leaves nothing behind', async (_, options, reason) => {
    const ended = await imported('refused', options, '--scale', '0..1');
    expect(ended.code).toBe(78);
    expect(ended.stderr).toContain(reason);
    await expect(stat(join(home, 'models', 'refused'))).rejects.toThrow();
  });

  it('refuses files that are no model', async () => {
    const text = join(home, 'text.onnx');
    await writeFile(text, 'hello, this is no model');
    expect((await importFile(text)).stderr).toContain('bytes that are no ONNX model');
    await truncate(text, 2 ** 30 + 1);
    expect((await importFile(text)).stderr).toContain('1073741825 bytes');
    await truncate(text, 0);
    expect((await importFile(text)).stderr).toContain('0 bytes');
    expect((await importFile(home)).stderr).toContain('something that is not a file');
    expect((await importFile(join(home, 'nowhere.onnx'))).stderr).toContain('ENOENT');
  });

  it.each([
    ['--labels', 'one'],
    ['--labels', 'a,b,a'],
    ['--name', 'No Good'],
    ['--version', '1'],
    ['--size', '0x9'],
    ['--mean', '1,x'],
    ['--fill', '300'],
  ])('refuses %s %s', async (option, value) => {
    const file = join(home, 'options.onnx');
    await writeForeignModel(file, { layout: 'NCHW' });
    const ended = await importFile(file, option, value);
    expect(ended.code).toBe(78);
    expect(ended.stderr).toMatch(new RegExp(`CLI_BAD_OPTION.*Where: ${option}`));
  });
});

describe('jidoka model show', { timeout: 120_000 }, () => {
  it('prints what a package holds', async () => {
    expect((await imported('shown', { layout: 'NCHW' }, '--scale', '0..1')).code).toBe(0);
    const folder = join(home, 'models', 'shown');
    const { code, stdout } = await runScript('model-commands.mjs', ['model', 'show', folder]);
    expect(code).toBe(0);
    expect(stdout).toContain('labels   bright (good), dark, middle\n');
    expect(stdout).toContain('imported (default)');
    expect(stdout).toContain('input    "input.1" float32 8 x 8, colour, NCHW, stretch');
    const json = await runScript('model-commands.mjs', ['model', 'show', folder, '--json']);
    expect(JSON.parse(json.stdout)).toEqual(await manifestOf('shown'));
    const nowhere = await runScript('model-commands.mjs', ['model', 'show', join(home, 'nowhere')]);
    expect(nowhere).toMatchObject({ code: 78, stderr: expect.stringContaining('MODEL_NOT_FOUND') });
  });
});
