import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGenicam, findLibcamera, readArvTool, readCam, readLibcameraHello } from '#jidoka/camera/find/tools.js';
import { findV4l2 } from '#jidoka/camera/find/v4l2.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-find-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the search for V4L2 cameras', () => {
  it('names each device in the order of their numbers, and tells the further nodes of one camera', async () => {
    const places = { devices: join(folder, 'dev'), sysfs: join(folder, 'sys') };
    mkdirSync(places.devices);
    for (const [name, title, index] of [
      ['video10', 'Line camera', '0'],
      ['video1', 'HD Webcam', '1'],
      ['video0', 'HD Webcam', '0'],
      ['video2', '', ''],
    ] as const) {
      writeFileSync(join(places.devices, name), '');
      if (title === '') continue;
      mkdirSync(join(places.sysfs, name), { recursive: true });
      writeFileSync(join(places.sysfs, name, 'name'), `${title}\n`);
      writeFileSync(join(places.sysfs, name, 'index'), `${index}\n`);
    }
    writeFileSync(join(places.devices, 'videocard'), '');
    const { cameras } = await findV4l2(places);
    expect(cameras.map(({ id, description }) => [id.slice(places.devices.length), description])).toEqual([
      ['/video0', 'HD Webcam'],
      ['/video1', 'HD Webcam (a further node of a camera, often without pictures)'],
      ['/video2', 'no name'],
      ['/video10', 'Line camera'],
    ]);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await findV4l2({ devices: join(folder, 'no'), sysfs: join(folder, 'no') })).toEqual({
      kind: 'V4L2',
      cameras: [],
    });
  });
});

describe('the lists of other programs', () => {
  it('are read from arv-tool', () => {
    expect(readArvTool('Aravis-Fake-TEST01 (127.0.0.1)\nBasler-21234567 (192.168.3.4)\n')).toEqual([
      { id: 'Aravis-Fake-TEST01', description: 'at 127.0.0.1' },
      { id: 'Basler-21234567', description: 'at 192.168.3.4' },
    ]);
    expect(readArvTool('No device found\n')).toEqual([]);
  });

  it('are read from cam and libcamera-hello', () => {
    const id = '/base/soc/i2c0mux/i2c@1/imx219@10';
    expect(readCam(`[0:01] INFO Camera libcamera v0.0.3\nAvailable cameras:\n1: 'imx219' (${id})\n`)).toEqual([
      { id, description: "'imx219'" },
    ]);
    const hello = `Available cameras\n-----------------\n0 : imx219 [3280x2464 10-bit RGGB] (${id})\n    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]\n`;
    expect(readLibcameraHello(hello)).toEqual([{ id, description: 'imx219 [3280x2464 10-bit RGGB]' }]);
    expect(readLibcameraHello('No cameras available!\n')).toEqual([]);
  });

  it.each([
    [['no-such-program-a'], 'no-such-program-a is not installed (sudo apt-get install aravis-tools-cli)'],
    [['false'], 'false failed: Command failed: false'],
  ])('say why they could not be had: %j', async (commands, problem) => {
    const tools = commands.map((command) => ({ command, parameters: [], read: readArvTool }));
    expect(await findGenicam(tools)).toEqual({ kind: 'GenICam', cameras: [], problem });
  });

  it('come from the first program that is installed', async () => {
    const tools = [
      { command: 'no-such-program-b', parameters: [], read: readCam },
      { command: 'echo', parameters: ["1: 'one' (/a)"], read: readCam },
    ];
    expect(await findLibcamera(tools)).toEqual({ kind: 'libcamera', cameras: [{ id: '/a', description: "'one'" }] });
  });
});
