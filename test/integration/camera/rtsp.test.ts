import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FfmpegSource } from '#jidoka/camera/ffmpeg/ffmpeg-source.js';
import { gstreamerSource } from '#jidoka/camera/gstreamer/pipelines.js';
import type { ProcessCamera } from '#jidoka/camera/process/process-camera.js';
import { ffmpegCameraSchema } from '#jidoka/config/schema/camera-ffmpeg.js';
import { rtspCameraSchema } from '#jidoka/config/schema/camera-gstreamer.js';
import type { RawImage } from '#jidoka/domain/frame.js';
import { cameraContract, takeFrames } from '../../contract/camera.js';
import { ffmpegAbsent, RtspServer, rtspServerAbsent } from '../../simulators/gst-cameras.js';
import { eventually, temporaryFolder } from './helpers.js';
import { processCamera, Reading, rawOf } from './process-rig.js';

const absent = rtspServerAbsent ?? ffmpegAbsent;
const reason = absent === undefined ? '' : ` (skipped: ${absent})`;
const PASSWORD = 'ge"heim/1';

describe.skipIf(absent !== undefined)(`RTSP${reason}`, () => {
  let server: RtspServer;
  let readings: Reading[] = [];

  beforeAll(async () => {
    server = await RtspServer.start(['viewer', PASSWORD]);
  });
  afterEach(async () => {
    for (const reading of readings) await reading.end();
    readings = [];
  });
  afterAll(() => server.kill());

  const login = { username: 'viewer', password: { env: 'CAMERA_PASSWORD' } };
  function gstreamerCamera(change: object = {}, password = PASSWORD): ProcessCamera {
    const config = rtspCameraSchema.parse({ kind: 'rtsp', url: server.url, ...login, ...change });
    return processCamera(gstreamerSource(config, { password }));
  }
  function ffmpegCamera(change: object = {}, password = PASSWORD): ProcessCamera {
    const config = ffmpegCameraSchema.parse({ kind: 'ffmpeg', input: server.url, ...login, ...change });
    return processCamera(new FfmpegSource(config, { password }));
  }
  function read(camera: ProcessCamera): Reading {
    const reading = new Reading(camera);
    readings.push(reading);
    return reading;
  }

  cameraContract('RTSP', async () => ({
    camera: gstreamerCamera(),
    offer: async () => undefined,
    dispose: async () => undefined,
  }));
  cameraContract('FFmpeg', async () => ({
    camera: ffmpegCamera(),
    offer: async () => undefined,
    dispose: async () => undefined,
  }));

  it.each([
    ['GStreamer over TCP', () => gstreamerCamera()],
    ['GStreamer over UDP', () => gstreamerCamera({ transport: 'udp' })],
    ['FFmpeg', () => ffmpegCamera()],
  ])('brings the picture by %s, in its colour', async (_, camera) => {
    const [frame] = await takeFrames(camera(), 1);
    expect(frame?.image).toMatchObject({ kind: 'raw', format: 'rgb8', width: 320, height: 240 });
    const { data } = rawOf(frame);
    const [red = 0, green = 0, blue = 0] = data.subarray(data.length / 2, data.length / 2 + 3);
    expect(red).toBeGreaterThan(235);
    expect(Math.max(green, blue)).toBeLessThan(20);
  });

  it.each([
    ['GStreamer', (change: object, password?: string) => gstreamerCamera(change, password), 'url'],
    ['FFmpeg', (change: object, password?: string) => ffmpegCamera(change, password), 'input'],
  ] as const)('says what is wrong, by %s', async (_, camera, address) => {
    const refused = read(camera({}, 'wr-ong'));
    const absentStream = read(camera({ [address]: `rtsp://127.0.0.1:${server.port}/none` }));
    const nobody = read(camera({ [address]: 'rtsp://127.0.0.1:1/cam' }));
    await eventually(() => expect(refused.camera.status().text).toMatch(/CAMERA_LOGIN_REFUSED/));
    await eventually(() => expect(absentStream.camera.status().text).toMatch(/CAMERA_STREAM_NOT_FOUND/));
    await eventually(() => expect(nobody.camera.status().text).toMatch(/CAMERA_UNREACHABLE/));
    expect(refused.camera.status().text).not.toContain('wr-ong');
  });

  it.each([
    ['GStreamer', (change: object) => gstreamerCamera(change)],
    ['FFmpeg', (change: object) => ffmpegCamera(change)],
  ] as const)('notices a server that stands still, by %s, and resumes with the next one', async (_, camera) => {
    const reading = read(camera({ stallAfterMs: 1500 }));
    await eventually(() => expect(reading.frames.length).toBeGreaterThan(0));
    server.freeze();
    await eventually(() => expect(reading.camera.status().state).toBe('failed'));
    await server.kill();
    await server.restart();
    const before = reading.frames.length;
    await eventually(() => expect(reading.frames.length).toBeGreaterThan(before));
    expect(reading.camera.status().state).toBe('running');
  });
});

describe.skipIf(ffmpegAbsent !== undefined)(
  `FFmpeg${ffmpegAbsent === undefined ? '' : ` (skipped: ${ffmpegAbsent})`}`,
  () => {
    const film = (change: object) =>
      processCamera(new FfmpegSource(ffmpegCameraSchema.parse({ kind: 'ffmpeg', ...change })));

    it.each<[string, RawImage['format'], readonly number[]]>([
      ['gray', 'grey8', [123]],
      ['gray16le', 'grey8', [123]],
      ['yuv420p', 'rgb8', [200, 100, 40]],
      ['bgr24', 'rgb8', [200, 100, 40]],
    ])('takes pictures in %s as %s', async (format, expected, colour) => {
      const input = `color=c=0xc86428:s=62x30:r=20,format=${format}`;
      const [frame] = await takeFrames(film({ input, inputOptions: ['-re', '-f', 'lavfi'] }), 1);
      expect(frame?.image).toMatchObject({ format: expected, width: 62, height: 30 });
      const { data } = rawOf(frame);
      for (const [channel, value] of colour.entries())
        expect(Math.abs((data[channel] ?? -99) - value)).toBeLessThanOrEqual(4);
    });

    it('begins a film anew when it has ended, and says what it cannot open', async () => {
      const folder = await temporaryFolder();
      const inputOptions = ['-f', 'lavfi', '-t', '0.2'];
      const reading = new Reading(film({ input: 'testsrc=s=64x48:r=20', inputOptions }));
      const missing = new Reading(film({ input: `${folder.path}/no-film.mp4` }));
      try {
        await eventually(() => expect(reading.frames.length).toBeGreaterThan(5));
        await eventually(() => expect(missing.camera.status().text).toMatch(/CAMERA_STREAM_NOT_FOUND.*no-film/));
      } finally {
        await reading.end();
        await missing.end();
        await folder.remove();
      }
    });
  },
);
