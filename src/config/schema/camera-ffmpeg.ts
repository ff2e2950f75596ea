import { z } from 'zod';
import { latencyMs, supervision } from './camera-supervision.js';
import { view } from './camera-view.js';
import { secretSchema } from './common.js';

export const ffmpegCameraSchema = z
  .strictObject({
    kind: z.literal('ffmpeg'),
    input: z
      .string()
      .min(1)
      .max(4096)
      .describe('What FFmpeg opens: an address (`rtsp://…`, without a password in it) or the path of a file.')
      .meta({ examples: ['rtsp://192.168.10.31/stream1'] }),
    inputOptions: z
      .array(z.string().min(1).max(4096))
      .max(64)
      .default([])
      .describe(
        "FFmpeg's options for the input, one a list entry: `['-re', '-stream_loop', '-1']` shows a film again and again at its own pace. For `rtsp://` TCP and a time-out are set unless they stand here.",
      ),
    username: z.string().min(1).optional().describe('User name at the camera.'),
    password: secretSchema.optional(),
    latencyMs,
    ...supervision,
    ...view,
  })
  .describe('Takes pictures from whatever FFmpeg can open: a network stream, a film, a capture device.');

export type FfmpegCameraConfig = z.infer<typeof ffmpegCameraSchema>;
