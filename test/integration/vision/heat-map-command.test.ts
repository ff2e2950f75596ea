import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runScript } from '../../simulators/child.js';
import { writeTinyPackage } from '../../simulators/onnx.js';

let home: string;
let model: string;
let pictures: string;

/** Dark with one bright square, which is evidence for "good" in the tiny model's map. */
async function picture(path: string, spot: { left: number; top: number }): Promise<void> {
  const input = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#ffffff' } })
    .png()
    .toBuffer();
  await sharp({ create: { width: 64, height: 32, channels: 3, background: '#202020' } })
    .composite([{ input, ...spot }])
    .toFile(path);
}

function classify(...parameters: string[]): Promise<Ended> {
  return runScript('model-commands.mjs', ['classify', ...parameters]);
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'jidoka-heat-'));
  model = await writeTinyPackage(join(home, 'models'), { map: 'good' });
  pictures = join(home, 'pictures');
  await mkdir(join(pictures, 'left'), { recursive: true });
  await mkdir(join(pictures, 'right'), { recursive: true });
  await picture(join(pictures, 'left', 'part.png'), { left: 8, top: 8 });
  await picture(join(pictures, 'right', 'part.png'), { left: 48, top: 16 });
  await picture(join(pictures, 'right', 'part.jpg'), { left: 48, top: 16 });
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('jidoka classify --heatmap', { timeout: 120_000 }, () => {
  it('writes one overlay a picture under names of their own, with the colour where the evidence is', async () => {
    const folder = join(home, 'overlays');
    const { code, stdout } = await classify(model, pictures, '--heatmap', folder, '--class', 'good', '--json');
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ heatmap }) => basename(heatmap))).toEqual([
      'left_part.png.heat.png',
      'right_part.jpg.heat.png',
      'right_part.png.heat.png',
    ]);
    const changed = async (name: string, x: number, y: number): Promise<number> => {
      const { data, info } = await sharp(join(folder, name)).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([64, 32]);
      const offset = (y * info.width + x) * info.channels;
      // The pictures are grey: whatever has a colour was drawn.
      return Math.abs((data[offset] ?? 0) - (data[offset + 2] ?? 0));
    };
    expect(await changed('left_part.png.heat.png', 12, 12)).toBeGreaterThan(100);
    expect(await changed('left_part.png.heat.png', 52, 20)).toBeLessThan(60);
    expect(await changed('right_part.png.heat.png', 52, 20)).toBeGreaterThan(100);
    expect(await changed('right_part.png.heat.png', 12, 12)).toBeLessThan(60);
  });

  it('draws the class that was found where none is named: evidence against it shows nothing', async () => {
    const folder = join(home, 'found');
    const file = join(pictures, 'left', 'part.png');
    const { code, stdout } = await classify(model, file, '--heatmap', folder);
    expect(code).toBe(0);
    expect(stdout).toContain(`defect1  `);
    expect(stdout).toContain(`→ ${join(folder, 'part.png.heat.png')}`);
    const overlay = await sharp(join(folder, 'part.png.heat.png')).raw().toBuffer();
    expect(overlay.equals(await sharp(file).removeAlpha().raw().toBuffer())).toBe(true);
  });

  it('keeps the overlays of two pictures of one name apart', async () => {
    const folder = join(home, 'apart');
    const files = [join(pictures, 'left', 'part.png'), join(pictures, 'right', 'part.png')];
    expect((await classify(model, ...files, '--heatmap', folder)).code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(['part.png-2.heat.png', 'part.png.heat.png']);
  });

  it('counts pictures that cannot be read, and goes on', async () => {
    const folder = join(home, 'some');
    const torn = join(home, 'torn.png');
    await writeFile(torn, 'no picture');
    const { code, stderr } = await classify(model, torn, join(pictures, 'left'), '--heatmap', folder);
    expect(code).toBe(1);
    expect(stderr).toContain(`${torn}: IMAGE_FORMAT_UNSUPPORTED`);
    expect(await readdir(folder)).toEqual(['part.png.heat.png']);
  });

  it('refuses a model without a map, an unknown class and a folder that is none before it judges', async () => {
    const plain = await writeTinyPackage(join(home, 'plain'));
    const folder = join(home, 'never');
    const without = await classify(plain, pictures, '--heatmap', folder);
    expect(without).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('HEATMAP_NO_MAP') });
    const unknown = await classify(model, pictures, '--heatmap', folder, '--class', 'dent');
    expect(unknown).toMatchObject({
      code: 78,
      stdout: '',
      stderr: expect.stringContaining('Expected: good, defect1.'),
    });
    const alone = await classify(model, pictures, '--class', 'good');
    expect(alone).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('CLI_BAD_OPTION') });
    await expect(stat(folder)).rejects.toThrow();
    const file = await classify(model, pictures, '--heatmap', join(pictures, 'left', 'part.png'));
    expect(file).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('--heatmap') });
  });
});
