import { shellWords } from '../../base/shell-words.js';
import {
  GIGE_PIXEL_FORMATS,
  type GigeCameraConfig,
  type GstreamerCameraConfig,
  type LibcameraCameraConfig,
  type RtspCameraConfig,
  type V4l2CameraConfig,
} from '../../config/schema/camera-gstreamer.js';
import { GstreamerSource } from './gstreamer-source.js';

const DEFAULT_STALL_MS = 5000;

/** The source of a GStreamer camera as its config describes it. `program` stands in for `gst-launch-1.0`. */
export function gstreamerSource(
  config: GstreamerCameraConfig,
  { password, program }: { readonly password?: string; readonly program?: string } = {},
): GstreamerSource {
  const triggered = config.kind === 'gige' && isTriggered(config);
  return new GstreamerSource({
    name: nameOf(config),
    words: wordsOf(config, password),
    limits: {
      startWithinMs: config.connectTimeoutMs,
      stallAfterMs: config.stallAfterMs ?? (triggered ? null : DEFAULT_STALL_MS),
    },
    reconnectMaxMs: config.reconnectMaxMs,
    latencyMs: config.latencyMs,
    constantRate: config.kind === 'gige' && config.triggerMode === 'off',
    // With a trigger line every picture is a part.
    newestOnly: config.kind !== 'gstreamer' && !triggered,
    triggered,
    secrets: password === undefined ? [] : [password],
    ...(program !== undefined && { program }),
  });
}

function isTriggered({ triggerMode }: GigeCameraConfig): boolean {
  return triggerMode !== undefined && triggerMode !== 'off';
}

function nameOf(config: GstreamerCameraConfig): string {
  switch (config.kind) {
    case 'gstreamer':
      return 'the pipeline';
    case 'gige':
      return config.camera === undefined ? 'the first GenICam camera' : `the camera ${config.camera}`;
    case 'v4l2':
      return config.device;
    case 'rtsp':
      return config.url;
    case 'libcamera':
      return config.camera === undefined ? 'the first libcamera camera' : `the camera ${config.camera}`;
  }
}

function wordsOf(config: GstreamerCameraConfig, password: string | undefined): readonly string[] {
  switch (config.kind) {
    case 'gstreamer':
      return shellWords(config.pipeline);
    case 'gige':
      return gigeWords(config);
    case 'v4l2':
      return v4l2Words(config);
    case 'rtsp':
      return rtspWords(config, password);
    case 'libcamera':
      return libcameraWords(config);
  }
}

export function gigeWords(config: GigeCameraConfig): readonly string[] {
  const { camera, exposureUs, gain, pixelFormat, sensorRegion, packetSize, packetDelayNs, framesPerSecond } = config;
  const caps = capsOf(pixelFormat && GIGE_PIXEL_FORMATS[pixelFormat], { ...sensorRegion, framesPerSecond });
  const features = [...triggerFeatures(config), ...config.features].join(' ');
  return [
    'aravissrc',
    ...property('camera-name', camera),
    ...property('exposure', exposureUs),
    ...property('gain', gain),
    ...property('offset-x', sensorRegion?.offsetX),
    ...property('offset-y', sensorRegion?.offsetY),
    ...(packetSize === 'auto' ? ['auto-packet-size=true'] : property('packet-size', packetSize)),
    ...property('packet-delay', packetDelayNs),
    ...property('features', features === '' ? undefined : features),
    ...caps,
  ];
}

function triggerFeatures({ triggerMode, triggerEdge }: GigeCameraConfig): readonly string[] {
  if (triggerMode === undefined) return [];
  if (triggerMode === 'off') return ['TriggerSelector=FrameStart', 'TriggerMode=Off'];
  return [
    'TriggerSelector=FrameStart',
    `TriggerSource=Line${triggerMode.slice('line'.length)}`,
    ...(triggerEdge === undefined
      ? []
      : [`TriggerActivation=${triggerEdge === 'rising' ? 'RisingEdge' : 'FallingEdge'}`]),
    'TriggerMode=On',
  ];
}

/** The names of V4L2 formats as GStreamer spells them. */
const V4L2_CAPS: Readonly<Record<NonNullable<V4l2CameraConfig['format']>, string>> = {
  MJPG: 'image/jpeg',
  YUYV: 'video/x-raw,format=YUY2',
  UYVY: 'video/x-raw,format=UYVY',
  NV12: 'video/x-raw,format=NV12',
  GREY: 'video/x-raw,format=GRAY8',
  RGB3: 'video/x-raw,format=RGB',
  BGR3: 'video/x-raw,format=BGR',
  RGGB: 'video/x-bayer,format=rggb',
  GRBG: 'video/x-bayer,format=grbg',
  GBRG: 'video/x-bayer,format=gbrg',
  BA81: 'video/x-bayer,format=bggr',
};

export function v4l2Words(config: V4l2CameraConfig): readonly string[] {
  const { device, format, controls } = config;
  const settings = Object.entries(controls).map(([name, value]) => `${name}=${value}`);
  return [
    'v4l2src',
    ...property('device', device),
    ...(settings.length === 0 ? [] : property('extra-controls', `c,${settings.join(',')}`)),
    ...capsOf(format && V4L2_CAPS[format], config),
    ...(format === 'MJPG' ? ['!', 'jpegdec'] : []),
  ];
}

export function rtspWords(config: RtspCameraConfig, password: string | undefined): readonly string[] {
  const { url, username, transport, latencyMs } = config;
  return [
    'rtspsrc',
    ...property('location', url),
    ...property('protocols', transport),
    ...property('latency', latencyMs),
    // What comes too late is of no use: a picture of a part that has gone by.
    'drop-on-latency=true',
    ...property('user-id', username),
    ...property('user-pw', password),
    // Cameras send sound as well, and descriptions of what they see.
    ...['!', 'application/x-rtp,media=(string)video', '!', 'decodebin'],
  ];
}

export function libcameraWords(config: LibcameraCameraConfig): readonly string[] {
  return ['libcamerasrc', ...property('camera-name', config.camera), ...capsOf(undefined, config)];
}

function capsOf(
  format: string | undefined,
  {
    width,
    height,
    framesPerSecond,
  }: {
    readonly width?: number | undefined;
    readonly height?: number | undefined;
    readonly framesPerSecond?: number | undefined;
  },
): readonly string[] {
  const fields = [
    ...(width === undefined ? [] : [`width=${width}`]),
    ...(height === undefined ? [] : [`height=${height}`]),
    ...(framesPerSecond === undefined ? [] : [`framerate=${fraction(framesPerSecond)}`]),
  ];
  if (format === undefined && fields.length === 0) return [];
  return ['!', [format ?? 'video/x-raw', ...fields].join(',')];
}

/** A rate to a thousandth, as GStreamer writes it: 7.5 is 7500/1000. */
function fraction(framesPerSecond: number): string {
  return Number.isInteger(framesPerSecond) ? `${framesPerSecond}/1` : `${Math.round(framesPerSecond * 1000)}/1000`;
}

/** `gst-launch-1.0` reads its arguments once more as a language of its own: a text is quoted for it. */
function property(name: string, value: string | number | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return [`${name}=${value}`];
  return [`${name}="${value.replace(/[\\"]/g, '\\$&')}"`];
}
