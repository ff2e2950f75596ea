import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gstreamerSource } from '#jidoka/camera/gstreamer/pipelines.js';
import { gigeCameraSchema } from '#jidoka/config/schema/camera-gstreamer.js';
import type { RawImage } from '#jidoka/domain/frame.js';
import { cameraContract, takeFrames } from '../../contract/camera.js';
import { GigeCamera, gigeAbsent } from '../../simulators/gst-cameras.js';
import { eventually, temporaryFolder } from './helpers.js';
import { processCamera, Reading, rawOf } from './process-rig.js';

const reason = gigeAbsent === undefined ? '' : ` (skipped: ${gigeAbsent})`;

describe.skipIf(gigeAbsent !== undefined)(`GigE Vision${reason}`, () => {
  let device: GigeCamera;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let program: string;
  let readings: Reading[] = [];

  beforeAll(async () => {
    device = await GigeCamera.start();
    folder = await temporaryFolder();
    program = await device.launcher(folder.path);
  });
  afterEach(async () => {
    for (const reading of readings) await reading.end();
    readings = [];
  });
  afterAll(async () => {
    await device.dispose();
    await folder.remove();
  });

  function gigeCamera(change: object = {}) {
    const config = gigeCameraSchema.parse({ kind: 'gige', camera: device.name, framesPerSecond: 25, ...change });
    return processCamera(gstreamerSource(config, { program }));
  }
  function read(change: object = {}): Reading {
    const reading = new Reading(gigeCamera(change));
    readings.push(reading);
    return reading;
  }

  cameraContract('GigE Vision', async () => ({
    camera: gigeCamera({ sensorRegion: { width: 128, height: 96 } }),
    offer: async () => undefined,
    dispose: async () => undefined,
  }));

  it('sets exposure, rate, region, trigger mode and further features in the camera', async () => {
    const reading = read({
      camera: '127.0.0.1',
      exposureUs: 1234,
      triggerMode: 'off',
      pixelFormat: 'Mono8',
      sensorRegion: { offsetX: 32, offsetY: 16, width: 320, height: 240 },
      features: ['TestRegister=77'],
    });
    await eventually(() => expect(reading.frames.length).toBeGreaterThan(2));
    expect(reading.frames[0]?.image).toMatchObject({ format: 'grey8', width: 320, height: 240 });
    const names =
      'ExposureTimeAbs AcquisitionFrameRate OffsetX OffsetY Width Height PixelFormat TriggerMode TestRegister';
    const features = await device.tool(['control', ...names.split(' ')]);
    const value = (name: string) => new RegExp(`^${name} = (\\S+)`, 'm').exec(features)?.[1];
    expect(names.split(' ').map(value)).toEqual(['1234', '25', '32', '16', '320', '240', 'Mono8', 'Off', '77']);
  });

  it.each<[string, RawImage['format']]>([
    ['Mono16', 'grey8'],
    ['RGB8', 'rgb8'],
    ['BayerRG8', 'rgb8'],
    ['BayerGB8', 'rgb8'],
  ])('takes %s as %s', async (pixelFormat, format) => {
    const [frame] = await takeFrames(gigeCamera({ pixelFormat, sensorRegion: { width: 128, height: 96 } }), 1);
    expect(frame?.image).toMatchObject({ format, width: 128, height: 96 });
    const values = new Set(rawOf(frame).data);
    // Sixteen bits of ramp have few values in their upper eight.
    expect(values.size).toBeGreaterThan(15);
  });

  it('waits for a trigger without calling the camera lost', async () => {
    const reading = read({ triggerMode: 'line0', triggerEdge: 'rising', framesPerSecond: undefined });
    await eventually(() => expect(reading.camera.status().state).toBe('waiting'));
    expect(reading.frames).toEqual([]);
    const features = await device.tool(['control', 'TriggerMode', 'TriggerSource', 'TriggerSelector']);
    expect(features).toMatch(/TriggerMode = On\s+TriggerSource = Line0\s+TriggerSelector = FrameStart/);
    await reading.end();
    // Left behind as it is, the next test would wait for a trigger as well.
    await device.tool(['control', 'TriggerMode=Off']);
  });

  it('says which setting the camera does not take', async () => {
    const reading = read({ features: ['NoSuchFeature=1'] });
    await eventually(() =>
      expect(reading.camera.status().text).toMatch(/CAMERA_SETTING_REFUSED.*\[NoSuchFeature\] Not found/),
    );
  });

  it('says that there is no such camera', async () => {
    const reading = read({ camera: 'Basler-21234567' });
    await eventually(() => expect(reading.camera.status().text).toMatch(/CAMERA_NOT_FOUND.*Basler-21234567/));
  });
});
