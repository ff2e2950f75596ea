import { describe, expect, it } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import { createCamera } from '#jidoka/camera/create-camera.js';
import { cameraSchema } from '#jidoka/config/schema/camera.js';
import { MemoryOriginLog } from '../../integration/camera/helpers.js';

const deps = { station: 'press-1', originLog: new MemoryOriginLog(), logger: silentLogger, clock: systemClock };

describe('create camera', () => {
  it.each([
    [{ kind: 'directory', path: '/nowhere' }, 'DirectoryCamera', 'wait'],
    [{ kind: 'replay', path: '/nowhere' }, 'ReplayCamera', 'wait'],
    [{ kind: 'simulated' }, 'RenderedCamera', 'drop-oldest'],
    [{ kind: 'simulated', url: 'tcp://127.0.0.1:8555' }, 'FeedCamera', 'drop-oldest'],
    [{ kind: 'http', url: 'http://camera/video.mjpg' }, 'HttpCamera', 'drop-oldest'],
    [{ kind: 'gstreamer', pipeline: 'videotestsrc' }, 'ProcessCamera', 'drop-oldest'],
    [{ kind: 'gige' }, 'ProcessCamera', 'drop-oldest'],
    [{ kind: 'v4l2' }, 'ProcessCamera', 'drop-oldest'],
    [{ kind: 'rtsp', url: 'rtsp://camera/stream1' }, 'ProcessCamera', 'drop-oldest'],
    [{ kind: 'libcamera' }, 'ProcessCamera', 'drop-oldest'],
    [{ kind: 'ffmpeg', input: 'film.mp4' }, 'ProcessCamera', 'drop-oldest'],
  ])('makes of %j a %s without opening anything', (config, name, overflow) => {
    const camera = createCamera(cameraSchema.parse(config), deps);
    expect(camera.constructor.name).toBe(name);
    expect(camera.overflow).toBe(overflow);
    expect(camera.status().state).toBe('starting');
  });

  it.each([
    { kind: 'simulated', url: 'tcp://127.0.0.1' },
    { kind: 'simulated', url: 'http://127.0.0.1:80' },
    { kind: 'directory', path: '/in', extensions: ['.jpg'] },
    { kind: 'directory', path: '/in', extensions: [] },
    { kind: 'http', url: 'rtsp://camera/video' },
    { kind: 'http' },
    { kind: 'http', url: 'http://camera', password: 'secret' },
    { kind: 'http', url: 'http://camera', mode: 'mjpeg' },
    { kind: 'gige', pixelFormat: 'Mono12' },
    { kind: 'gige', triggerMode: 'software' },
    { kind: 'rtsp', url: 'http://camera/' },
    { kind: 'rtsp', url: 'rtsp://camera/', password: 'secret' },
    { kind: 'gstreamer' },
  ])('refuses %j', (config) => {
    expect(cameraSchema.safeParse(config).success).toBe(false);
  });
});
