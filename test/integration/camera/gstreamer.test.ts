import { afterEach, describe, expect, it } from 'vitest';
import { gstreamerSource } from '#jidoka/camera/gstreamer/pipelines.js';
import { pipelineCameraSchema, v4l2CameraSchema } from '#jidoka/config/schema/camera-gstreamer.js';
import type { Frame, RawImage } from '#jidoka/domain/frame.js';
import { cameraContract, takeFrames } from '../../contract/camera.js';
import { gstreamerAbsent } from '../../simulators/gst-cameras.js';
import { eventually } from './helpers.js';
import { processCamera, Reading, rawOf } from './process-rig.js';

const reason = gstreamerAbsent === undefined ? '' : ` (skipped: ${gstreamerAbsent})`;
const LIVE = 'videotestsrc is-live=true pattern=solid-color foreground-color=0xffc86428';

function pipelineCamera(pipeline: string, change: object = {}) {
  return processCamera(gstreamerSource(pipelineCameraSchema.parse({ kind: 'gstreamer', pipeline, ...change })));
}

/** The middle pixel of each row that is asked for. */
function pixels(frame: Frame, ...rows: readonly number[]): number[][] {
  const { format, width, data } = rawOf(frame);
  const channels = format === 'rgb8' ? 3 : 1;
  return rows.map((row) => {
    const at = (row * width + Math.floor(width / 2)) * channels;
    return [...data.subarray(at, at + channels)];
  });
}

describe.skipIf(gstreamerAbsent !== undefined)(`GStreamer${reason}`, () => {
  cameraContract('GStreamer', async () => ({
    camera: pipelineCamera(`${LIVE} ! video/x-raw,format=RGB,width=64,height=48,framerate=50/1`),
    offer: async () => undefined,
    dispose: async () => undefined,
  }));

  describe('pipeline camera', () => {
    let readings: Reading[] = [];
    afterEach(async () => {
      for (const reading of readings) await reading.end();
      readings = [];
    });
    const read = (pipeline: string, change: object = {}): Reading => {
      const reading = new Reading(pipelineCamera(pipeline, change));
      readings.push(reading);
      return reading;
    };

    // The colour is red 200, green 100, blue 40; its brightness is 123. Formats with halved colours and those whose
    // black is 16 lose a little.
    it.each<[string, RawImage['format'], readonly number[]]>([
      ['video/x-raw,format=RGB', 'rgb8', [200, 100, 40]],
      ['video/x-raw,format=BGR', 'rgb8', [200, 100, 40]],
      ['video/x-raw,format=YUY2', 'rgb8', [200, 100, 40]],
      ['video/x-raw,format=NV12', 'rgb8', [200, 100, 40]],
      ['video/x-raw,format=GRAY8', 'grey8', [123]],
      ['video/x-raw,format=GRAY16_LE', 'grey8', [123]],
      ['video/x-bayer,format=rggb', 'rgb8', [200, 100, 40]],
      ['video/x-bayer,format=bggr', 'rgb8', [200, 100, 40]],
      ['video/x-bayer,format=grbg', 'rgb8', [200, 100, 40]],
      ['video/x-bayer,format=gbrg', 'rgb8', [200, 100, 40]],
    ])('takes %s as %s', async (caps, format, colour) => {
      const [frame] = await takeFrames(pipelineCamera(`${LIVE} ! ${caps},width=66,height=48,framerate=20/1`), 1);
      expect(frame?.image).toMatchObject({ kind: 'raw', format, width: 66, height: 48 });
      for (const pixel of frame === undefined ? [] : pixels(frame, 10, 24, 40)) {
        for (const [channel, value] of colour.entries()) {
          expect(Math.abs((pixel[channel] ?? -99) - value), `${pixel} is ${colour}`).toBeLessThanOrEqual(6);
        }
      }
    });

    it.each([61, 62, 63, 64])('keeps the rows of a picture that is %d pixels wide apart', async (width) => {
      const [frame] = await takeFrames(
        pipelineCamera(`videotestsrc is-live=true pattern=gradient ! video/x-raw,format=RGB,width=${width},height=32`),
        1,
      );
      const image = rawOf(frame);
      const rows = Array.from({ length: 32 }, (_, row) => [
        ...new Set(image.data.subarray(row * width * 3, (row + 1) * width * 3)),
      ]);
      expect(rows.every((values) => values.length === 1)).toBe(true);
      const brightness = rows.map(([value]) => value ?? -1);
      expect(brightness).toEqual(brightness.toSorted((left, right) => left - right));
      expect((brightness.at(-1) ?? 0) - (brightness[0] ?? 0)).toBeGreaterThan(200);
    });

    it('demosaics where only the camera itself tells that it sends a Bayer pattern', async () => {
      // No word of the pipeline says so: the first start fails, the second has the conversion.
      const pipeline = `${LIVE} ! video/x-raw,format=ARGB,width=64,height=48 ! rgb2bayer`;
      const [frame] = await takeFrames(pipelineCamera(pipeline), 1);
      expect(frame?.image).toMatchObject({ format: 'rgb8', width: 64, height: 48 });
    });

    it('opens the camera anew when the size changes in the middle of the stream', async () => {
      const part = (size: string) => `videotestsrc num-buffers=3 ! video/x-raw,format=GRAY8,${size} ! c.`;
      const reading = read(`${part('width=64,height=48')} ${part('width=128,height=48')} concat name=c`);
      await eventually(() => expect(reading.camera.status().text).toMatch(/CAMERA_SIZE_CHANGED.*128x48.*64x48/));
      expect(reading.frames.every(({ image }) => (image as RawImage).width === 64)).toBe(true);
    });

    it('counts the pictures that the source left out', async () => {
      const reading = read(
        `${LIVE} num-buffers=100 ! video/x-raw,format=GRAY8,width=64,height=48,framerate=100/1 ! identity drop-probability=0.2`,
      );
      await eventually(() => expect(reading.camera.status().text).toMatch(/CAMERA_STREAM_ENDED/));
      const { framesDropped } = reading.camera.status();
      expect(framesDropped).toBeGreaterThan(0);
      const last = reading.frames.at(-1)?.sequence ?? 0;
      expect(last + 1).toBe(reading.frames.length + framesDropped);
    });

    it.each<[string, RegExp]>([
      ['nosuchsrc', /CAMERA_PLUGIN_MISSING.*nosuchsrc/],
      ['videotestsrc foo=1', /CAMERA_PIPELINE_WRONG.*foo/],
      ['filesrc location=/nowhere.mp4 ! decodebin', /CAMERA_STREAM_NOT_FOUND/],
      ['rtspsrc location=rtsp://127.0.0.1:1/ ! decodebin', /CAMERA_UNREACHABLE/],
      [`${LIVE} ! video/x-raw,width=64,height=48 ! audioconvert`, /CAMERA_PIPELINE_WRONG/],
    ])('says what is wrong with: %s', async (pipeline, text) => {
      const reading = read(pipeline);
      await eventually(() => expect(reading.camera.status().text).toMatch(text));
    });

    it('says that there is no such video device', async () => {
      const config = v4l2CameraSchema.parse({ kind: 'v4l2', device: '/dev/video99' });
      const reading = new Reading(processCamera(gstreamerSource(config)));
      readings.push(reading);
      await eventually(() => expect(reading.camera.status().text).toMatch(/CAMERA_NOT_FOUND.*\/dev\/video99/));
    });
  });
});
