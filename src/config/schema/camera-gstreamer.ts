import { z } from 'zod';
import { framesPerSecond, height, latencyMs, supervision, width } from './camera-supervision.js';
import { view } from './camera-view.js';
import { positiveMs, secretSchema } from './common.js';

export const pipelineCameraSchema = z
  .strictObject({
    kind: z.literal('gstreamer'),
    pipeline: z
      .string()
      .min(1)
      .max(16_384)
      .describe(
        'A pipeline as `gst-launch-1.0` takes it, from the source up to but without the sink. jidoka adds the conversion to grey or RGB and the sink.',
      )
      .meta({ examples: ['v4l2src device=/dev/video0 ! image/jpeg,width=1280,height=720 ! jpegdec'] }),
    latencyMs,
    ...supervision,
    ...view,
  })
  .describe('Takes pictures from a GStreamer pipeline of your own.');

/** Pixel formats of GenICam that reach the model with their full brightness, and the caps GStreamer knows them by. */
export const GIGE_PIXEL_FORMATS = {
  Mono8: 'video/x-raw,format=GRAY8',
  Mono16: 'video/x-raw,format=GRAY16_LE',
  BayerRG8: 'video/x-bayer,format=rggb',
  BayerGR8: 'video/x-bayer,format=grbg',
  BayerGB8: 'video/x-bayer,format=gbrg',
  BayerBG8: 'video/x-bayer,format=bggr',
  RGB8: 'video/x-raw,format=RGB',
  BGR8: 'video/x-raw,format=BGR',
  YUV422_8: 'video/x-raw,format=YUY2',
  YUV422_8_UYVY: 'video/x-raw,format=UYVY',
} as const;
type GigePixelFormat = keyof typeof GIGE_PIXEL_FORMATS;

const FEATURE = /^[A-Za-z][A-Za-z0-9_]*=\S+$/;

export const gigeCameraSchema = z
  .strictObject({
    kind: z.literal('gige'),
    camera: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe(
        'Name of the camera as `arv-tool-0.8` lists it (`Vendor-Model-Serial` or `Vendor-Serial`), or its IP address. Default: the first one found.',
      )
      .meta({ examples: ['192.168.10.20'] }),
    exposureUs: z.number().min(1).max(100_000_000).optional().describe('Exposure time in microseconds.'),
    gain: z.number().min(0).max(500).optional().describe('Gain, in the unit of the camera (mostly dB).'),
    framesPerSecond: framesPerSecond.describe(
      'Rate of the pictures. With a trigger line it says how long the driver waits for a trigger: 3 divided by it, in seconds, and at least 2 s. Default: as the camera is set.',
    ),
    triggerMode: z
      .enum(['off', 'line0', 'line1', 'line2', 'line3', 'line4', 'line5', 'line6', 'line7'])
      .optional()
      .describe(
        '`off`: the camera runs freely. `line0` to `line7`: it takes a picture at each edge of that input. Default: as the camera is set.',
      ),
    triggerEdge: z
      .enum(['rising', 'falling'])
      .optional()
      .describe('Edge of the trigger line. Default: as the camera is set.'),
    pixelFormat: z
      .enum(Object.keys(GIGE_PIXEL_FORMATS) as [GigePixelFormat, ...GigePixelFormat[]])
      .optional()
      .describe("The camera's pixel format. Default: what the camera and GStreamer agree upon, grey where it can be."),
    sensorRegion: z
      .strictObject({
        offsetX: z.number().int().min(0).max(65_535).default(0).describe('Pixels from the left edge of the sensor.'),
        offsetY: z.number().int().min(0).max(65_535).default(0).describe('Pixels from the top edge of the sensor.'),
        width,
        height,
      })
      .optional()
      .describe(
        'The part of the sensor that is read out and sent: less to transfer, and more pictures a second. `region` counts from its corner.',
      ),
    packetSize: z
      .union([z.literal('auto'), z.number().int().min(36).max(65_500)])
      .optional()
      .describe(
        'Bytes a network packet; 8000 and more need jumbo frames on the whole way. `auto`: tried out. Default: as the camera is set.',
      ),
    packetDelayNs: z
      .number()
      .int()
      .min(0)
      .max(1_000_000_000)
      .optional()
      .describe('Pause between two packets in nanoseconds, where several cameras share a network.'),
    features: z
      .array(z.string().max(512).regex(FEATURE, 'write it as NAME=VALUE, without spaces'))
      .max(64)
      .default([])
      .describe('Further GenICam features, set in this order after all others.')
      .meta({ examples: [['BalanceWhiteAuto=Off', 'Gamma=1']] }),
    latencyMs,
    ...supervision,
    stallAfterMs: positiveMs
      .optional()
      .describe(
        'Without a picture for this long the camera has stalled: its program is ended and started anew. Default: 5000; with a trigger line there is no limit.',
      ),
    ...view,
  })
  .describe('A GigE Vision or USB3 Vision camera, by GenICam (Aravis).');

export const v4l2CameraSchema = z
  .strictObject({
    kind: z.literal('v4l2'),
    device: z
      .string()
      .regex(/^\/\S+$/, 'write the whole path, as in /dev/video0')
      .default('/dev/video0')
      .describe('The device; a name below `/dev/v4l/by-id/` stays the same when cameras are plugged in another order.'),
    width,
    height,
    framesPerSecond: framesPerSecond.describe('Rate of the pictures. Default: as driver and GStreamer agree.'),
    format: z
      .enum(['MJPG', 'YUYV', 'UYVY', 'NV12', 'GREY', 'RGB3', 'BGR3', 'RGGB', 'GRBG', 'GBRG', 'BA81'])
      .optional()
      .describe(
        'The format to ask of the camera, as `v4l2-ctl --list-formats-ext` names it. Many USB cameras reach their full rate with `MJPG` alone. Default: any uncompressed one.',
      ),
    controls: z
      .record(z.string().regex(/^[a-z0-9_]{1,64}$/, 'use the name that v4l2-ctl --list-ctrls shows'), z.number().int())
      .default({})
      .describe('Controls of the camera by the names that `v4l2-ctl --list-ctrls` shows.')
      .meta({ examples: [{ auto_exposure: 1, exposure_time_absolute: 80 }] }),
    latencyMs,
    ...supervision,
    ...view,
  })
  .describe('A camera that Linux knows as a video device: USB (UVC), capture cards, many embedded cameras.');

export const rtspCameraSchema = z
  .strictObject({
    kind: z.literal('rtsp'),
    url: z
      .url({ protocol: /^rtsps?$/, hostname: /./ })
      .describe('Address of the stream, without user name and password.')
      .meta({ examples: ['rtsp://192.168.10.31/stream1'] }),
    username: z.string().min(1).optional().describe('User name at the camera.'),
    password: secretSchema.optional(),
    transport: z
      .enum(['tcp', 'udp'])
      .default('tcp')
      .describe(
        '`tcp` loses nothing on the way; `udp` is a little quicker and shows torn pictures when packets are lost.',
      ),
    latencyMs: latencyMs
      .default(100)
      .describe(
        'How long the receiver holds the stream to even out the network. The capture time is set back by it; what the camera needs to encode comes on top.',
      ),
    ...supervision,
    ...view,
  })
  .describe('An IP camera that streams H.264, H.265 or JPEG by RTSP.');

export const libcameraCameraSchema = z
  .strictObject({
    kind: z.literal('libcamera'),
    camera: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('Name of the camera as `cam -l` lists it. Default: the first.'),
    width,
    height,
    framesPerSecond: framesPerSecond.describe('Rate of the pictures. Default: as libcamera chooses.'),
    latencyMs,
    ...supervision,
    ...view,
  })
  .describe('A camera module of a single-board computer, by libcamera.');

export const gstreamerCameraSchemas = [
  pipelineCameraSchema,
  gigeCameraSchema,
  v4l2CameraSchema,
  rtspCameraSchema,
  libcameraCameraSchema,
] as const;

export type PipelineCameraConfig = z.infer<typeof pipelineCameraSchema>;
export type GigeCameraConfig = z.infer<typeof gigeCameraSchema>;
export type V4l2CameraConfig = z.infer<typeof v4l2CameraSchema>;
export type RtspCameraConfig = z.infer<typeof rtspCameraSchema>;
export type LibcameraCameraConfig = z.infer<typeof libcameraCameraSchema>;
export type GstreamerCameraConfig =
  | PipelineCameraConfig
  | GigeCameraConfig
  | V4l2CameraConfig
  | RtspCameraConfig
  | LibcameraCameraConfig;
