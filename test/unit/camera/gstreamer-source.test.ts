import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FfmpegSource } from '#jidoka/camera/ffmpeg/ffmpeg-source.js';
import { gstreamerSource } from '#jidoka/camera/gstreamer/pipelines.js';
import type { ProgramEnd } from '#jidoka/camera/process/program.js';
import { ffmpegCameraSchema } from '#jidoka/config/schema/camera-ffmpeg.js';
import { type GstreamerCameraConfig, gstreamerCameraSchemas } from '#jidoka/config/schema/camera-gstreamer.js';

const schema = z.discriminatedUnion('kind', gstreamerCameraSchemas);
const TAIL =
  '! videoconvert ! video/x-raw,format=(string){GRAY8,RGB} ! gdppay crc-header=false ! fdsink fd=3 sync=false';

function source(config: object, password?: string) {
  const parsed: GstreamerCameraConfig = schema.parse(config);
  return gstreamerSource(parsed, password === undefined ? {} : { password });
}

const NEWEST = ' ! queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0';

/** The pipeline without what every one begins and ends with. */
function pipeline(config: object, password?: string): string {
  const text = source(config, password).parameters().join(' ');
  expect(text.startsWith('-q --no-fault ')).toBe(true);
  expect(text.endsWith(` ${TAIL}`)).toBe(true);
  return text.slice('-q --no-fault '.length, -TAIL.length - 1);
}

function ended(...lines: readonly string[]): ProgramEnd {
  return { startError: undefined, exitCode: 1, signal: null, lines };
}

describe('the pipeline of', () => {
  it.each<[object, string]>([
    [{ kind: 'gstreamer', pipeline: "filesrc location='a b.mp4' ! decodebin" }, 'filesrc location=a b.mp4 ! decodebin'],
    [{ kind: 'gige' }, 'aravissrc'],
    [
      {
        kind: 'gige',
        camera: 'Basler-acA1300-"21"',
        exposureUs: 2500.5,
        gain: 3,
        framesPerSecond: 7.5,
        triggerMode: 'off',
        pixelFormat: 'Mono8',
        sensorRegion: { offsetX: 16, offsetY: 8, width: 640, height: 480 },
        packetSize: 8192,
        packetDelayNs: 1000,
        features: ['Gamma=0.8', 'BlackLevel=2'],
      },
      'aravissrc camera-name="Basler-acA1300-\\"21\\"" exposure=2500.5 gain=3 offset-x=16 offset-y=8 packet-size=8192 packet-delay=1000 features="TriggerSelector=FrameStart TriggerMode=Off Gamma=0.8 BlackLevel=2" ! video/x-raw,format=GRAY8,width=640,height=480,framerate=7500/1000',
    ],
    [
      { kind: 'gige', triggerMode: 'line2', triggerEdge: 'falling', packetSize: 'auto' },
      'aravissrc auto-packet-size=true features="TriggerSelector=FrameStart TriggerSource=Line2 TriggerActivation=FallingEdge TriggerMode=On"',
    ],
    [{ kind: 'gige', pixelFormat: 'BayerRG8' }, 'aravissrc ! video/x-bayer,format=rggb ! bayer2rgb'],
    [{ kind: 'v4l2' }, 'v4l2src device="/dev/video0"'],
    [
      {
        kind: 'v4l2',
        device: '/dev/v4l/by-id/usb-cam',
        width: 1280,
        height: 720,
        framesPerSecond: 30,
        format: 'MJPG',
        controls: { auto_exposure: 1, exposure_time_absolute: 80 },
      },
      'v4l2src device="/dev/v4l/by-id/usb-cam" extra-controls="c,auto_exposure=1,exposure_time_absolute=80" ! image/jpeg,width=1280,height=720,framerate=30/1 ! jpegdec',
    ],
    [{ kind: 'v4l2', format: 'BA81' }, 'v4l2src device="/dev/video0" ! video/x-bayer,format=bggr ! bayer2rgb'],
    [
      { kind: 'rtsp', url: 'rtsp://10.0.0.5/stream1' },
      'rtspsrc location="rtsp://10.0.0.5/stream1" protocols="tcp" latency=100 drop-on-latency=true ! application/x-rtp,media=(string)video ! decodebin',
    ],
    [
      { kind: 'libcamera', camera: '/base/soc/i2c0mux/i2c@1/imx477@1a', width: 2028, height: 1520 },
      'libcamerasrc camera-name="/base/soc/i2c0mux/i2c@1/imx477@1a" ! video/x-raw,width=2028,height=1520',
    ],
  ])('%j', (config, expected) => {
    expect(pipeline(config).replace(NEWEST, '')).toBe(expected);
  });

  it('a live camera leaves out what there is no time for, but no picture that is a part', () => {
    expect(pipeline({ kind: 'v4l2' })).toBe(`v4l2src device="/dev/video0"${NEWEST}`);
    expect(pipeline({ kind: 'gige', pixelFormat: 'BayerRG8' })).toContain(`format=rggb${NEWEST} ! bayer2rgb`);
    expect(pipeline({ kind: 'gige', triggerMode: 'line0' })).not.toContain('queue');
    expect(pipeline({ kind: 'gstreamer', pipeline: 'videotestsrc' })).toBe('videotestsrc');
  });

  it('a camera with a login, whose password no message shows', () => {
    const config = { kind: 'rtsp', url: 'rtsp://10.0.0.5/', username: 'viewer', password: { env: 'P' } };
    expect(pipeline(config, 'a "b" \\c')).toContain('user-id="viewer" user-pw="a \\"b\\" \\\\c"');
    expect(source(config, 'geheim').secrets).toEqual(['geheim']);
    expect(source(config, 'geheim').name).toBe('rtsp://10.0.0.5/');
  });
});

describe('the limits', () => {
  it('let a camera with a trigger line be silent, unless told otherwise', () => {
    expect(source({ kind: 'gige' }).limits.stallAfterMs).toBe(5000);
    expect(source({ kind: 'gige', triggerMode: 'off' }).limits.stallAfterMs).toBe(5000);
    expect(source({ kind: 'gige', triggerMode: 'line0' }).limits.stallAfterMs).toBeNull();
    expect(source({ kind: 'gige', triggerMode: 'line0', stallAfterMs: 900 }).limits.stallAfterMs).toBe(900);
  });
});

describe('what GStreamer says at its end', () => {
  it.each<[string, string, string, RegExp]>([
    [
      'WARNING: erroneous pipeline: no element "gdppay"',
      'CAMERA_PLUGIN_MISSING',
      'patient',
      /apt-get install gstreamer1\.0-plugins-bad\./,
    ],
    [
      'WARNING: erroneous pipeline: no element "aravissrc"',
      'CAMERA_PLUGIN_MISSING',
      'patient',
      /install libaravis-0\.8-0\./,
    ],
    ['WARNING: erroneous pipeline: no element "avdec_h264"', 'CAMERA_PLUGIN_MISSING', 'patient', /gstreamer1\.0-libav/],
    [
      'WARNING: erroneous pipeline: no element "rtspsrc"',
      'CAMERA_PLUGIN_MISSING',
      'patient',
      /gstreamer1\.0-plugins-good/,
    ],
    [
      'WARNING: erroneous pipeline: no element "videoconvert"',
      'CAMERA_PLUGIN_MISSING',
      'patient',
      /gstreamer1\.0-plugins-base/,
    ],
    [
      'WARNING: erroneous pipeline: no element "libcamerasrc"',
      'CAMERA_PLUGIN_MISSING',
      'patient',
      /gstreamer1\.0-libcamera/,
    ],
    ['WARNING: erroneous pipeline: no element "ownsrc"', 'CAMERA_PLUGIN_MISSING', 'patient', /gst-inspect-1\.0/],
    ['Missing decoder: H.264 (video/x-h264, …)', 'CAMERA_PLUGIN_MISSING', 'patient', /gstreamer1\.0-libav/],
    [
      'WARNING: erroneous pipeline: no property "foo" in element "v4l2src"',
      'CAMERA_PIPELINE_WRONG',
      'patient',
      /Correct/,
    ],
    ['WARNING: erroneous pipeline: syntax error', 'CAMERA_PIPELINE_WRONG', 'patient', /Correct/],
    ['Unauthorized (401)', 'CAMERA_LOGIN_REFUSED', 'patient', /password/],
    [
      'Could not set caps on camera "x": Controller privilege required for streaming control',
      'CAMERA_IN_USE',
      'soon',
      /other computers/,
    ],
    ["system error: Device '/dev/video0' is busy", 'CAMERA_IN_USE', 'soon', /Close/],
    ['Could not set caps on camera "x": [Foo] Not found', 'CAMERA_SETTING_REFUSED', 'patient', /features/],
    [
      "ERROR: from element /GstPipeline:pipeline0/GstV4l2Src:v4l2src0: Cannot identify device '/dev/video9'.",
      'CAMERA_NOT_FOUND',
      'soon',
      /cable/,
    ],
    [
      `Could not find camera "10.1.1.1": Can't connect to device at address '10.1.1.1'`,
      'CAMERA_NOT_FOUND',
      'soon',
      /address/,
    ],
    ['Failed to connect. (Generic error)', 'CAMERA_UNREACHABLE', 'soon', /address/],
    ['Not Found (404)', 'CAMERA_STREAM_NOT_FOUND', 'soon', /path/],
    ['streaming stopped, reason error (-5)', 'CAMERA_PROGRAM_ENDED', 'soon', /by hand/],
    ['ERROR: from element /x: Internal data stream error.', 'CAMERA_STREAM_ENDED', 'soon', /power/],
  ])('%s', (line, code, pace, remedy) => {
    const ending = source({ kind: 'gstreamer', pipeline: 'videotestsrc' }).explain(
      ended('something before', line),
      5000,
    );
    expect(ending).toMatchObject({ reason: { code }, pace });
    expect(ending.reason?.message).toMatch(remedy);
  });

  it('names the package of a program that is missing', () => {
    const end: ProgramEnd = { startError: 'ENOENT', exitCode: null, signal: null, lines: [] };
    const ending = source({ kind: 'gige' }).explain(end, 0);
    expect(ending).toMatchObject({ reason: { code: 'CAMERA_PROGRAM_MISSING' }, pace: 'patient' });
    expect(ending.reason?.message).toMatch(/gst-launch-1\.0\. Install it: sudo apt-get install gstreamer1\.0-tools /);
  });

  it('has the other conversion tried once where the formats do not fit', () => {
    const gige = source({ kind: 'gige' });
    const misfit = ended('Internal data stream error.', 'streaming stopped, reason not-negotiated (-4)');
    expect(gige.parameters()).not.toContain('bayer2rgb');
    expect(gige.explain(misfit, 100)).toEqual({ reason: undefined, pace: 'at-once' });
    expect(gige.parameters()).toContain('bayer2rgb');
    expect(gige.explain(misfit, 100)).toMatchObject({ reason: { code: 'CAMERA_FORMAT_UNUSABLE' } });
    expect(gige.parameters()).not.toContain('bayer2rgb');
    // A camera that turns out to send Bayer patterns keeps its conversion when it fails for another reason.
    expect(gige.explain(misfit, 100).reason).toBeUndefined();
    expect(gige.explain(ended('Internal data stream error.'), 9000).reason?.code).toBe('CAMERA_STREAM_ENDED');
    expect(gige.parameters()).toContain('bayer2rgb');
  });

  it('takes the end of the patience for a trigger for no failure, but any other end for one', () => {
    const gaveUp = ended('Internal data stream error.', 'streaming stopped, reason error (-5)');
    const triggered = source({ kind: 'gige', triggerMode: 'line0' });
    expect(triggered.explain(gaveUp, 2100)).toEqual({ reason: undefined, pace: 'at-once', idle: true });
    expect(triggered.explain(gaveUp, 100).reason?.code).toBe('CAMERA_STREAM_ENDED');
    expect(triggered.explain(ended('Could not find camera "x"'), 2100).reason?.code).toBe('CAMERA_NOT_FOUND');
    expect(source({ kind: 'gige' }).explain(gaveUp, 2100).reason?.code).toBe('CAMERA_STREAM_ENDED');
  });
});

describe('FFmpeg', () => {
  const ffmpeg = (config: object, password?: string) =>
    new FfmpegSource(
      ffmpegCameraSchema.parse({ kind: 'ffmpeg', ...config }),
      password === undefined ? {} : { password },
    );

  it('reads a film with the options of the config', () => {
    const parameters = ffmpeg({ input: '/films/parts.mp4', inputOptions: ['-re', '-stream_loop', '-1'] }).parameters();
    expect(parameters.join(' ')).toMatch(
      /^-nostdin -hide_banner -loglevel error -re -stream_loop -1 -i \/films\/parts\.mp4 -map /,
    );
  });

  it('has a time-out for RTSP, unless the config says otherwise', () => {
    const input = 'rtsp://10.0.0.5/stream1';
    expect(ffmpeg({ input, stallAfterMs: 3000 }).parameters().join(' ')).toContain(
      '-rtsp_transport tcp -timeout 3000000 -i',
    );
    const own = ffmpeg({ input, inputOptions: ['-rtsp_transport', 'udp', '-timeout', '1'] })
      .parameters()
      .join(' ');
    expect(own).toContain('-loglevel error -rtsp_transport udp -timeout 1 -i');
  });

  it('logs in without showing the password', () => {
    const camera = ffmpeg({ input: 'rtsp://10.0.0.5/s', username: 'vie wer', password: { env: 'P' } }, 'p@ss/w');
    expect(camera.parameters()).toContain('rtsp://vie%20wer:p%40ss%2Fw@10.0.0.5/s');
    expect([camera.name, camera.secrets]).toEqual(['rtsp://10.0.0.5/s', ['p@ss/w']]);
  });

  it.each<[string, string]>([
    ['[rtsp @ 0x5] method DESCRIBE failed: 401 Unauthorized', 'CAMERA_LOGIN_REFUSED'],
    ['rtsp://10.0.0.5/none: Server returned 404 Not Found', 'CAMERA_STREAM_NOT_FOUND'],
    ['[tcp @ 0x5] Connection to tcp://127.0.0.1:1?timeout=3000000 failed: Connection refused', 'CAMERA_UNREACHABLE'],
    ['[tcp @ 0x5] Failed to resolve hostname cam.invalid: Name or service not known', 'CAMERA_UNREACHABLE'],
    ['/films/none.mp4: No such file or directory', 'CAMERA_STREAM_NOT_FOUND'],
    ['/etc/passwd: Invalid data found when processing input', 'CAMERA_FORMAT_UNUSABLE'],
    ["Unrecognized option 'foo'.", 'CAMERA_PIPELINE_WRONG'],
    ['[video4linux2,v4l2 @ 0x5] Cannot open video device /dev/video0: No such file or directory', 'CAMERA_NOT_FOUND'],
  ])('says %s', (line, code) => {
    expect(ffmpeg({ input: 'x' }).explain(ended(line)).reason?.code).toBe(code);
  });

  it('ends without a word when the other side goes away', () => {
    const end: ProgramEnd = { startError: undefined, exitCode: 0, signal: null, lines: [] };
    expect(ffmpeg({ input: 'rtsp://10.0.0.5/' }).explain(end)).toMatchObject({
      reason: { code: 'CAMERA_STREAM_ENDED' },
      pace: 'soon',
    });
  });
});
