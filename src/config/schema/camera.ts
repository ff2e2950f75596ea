import { z } from 'zod';
import { ffmpegCameraSchema } from './camera-ffmpeg.js';
import { gstreamerCameraSchemas } from './camera-gstreamer.js';
import { httpCameraSchema } from './camera-http.js';
import { view } from './camera-view.js';

export const directoryCameraSchema = z
  .strictObject({
    kind: z.literal('directory'),
    path: z.string().min(1).describe('Folder in which another program puts image files.'),
    extensions: z
      .array(z.string().regex(/^[a-z0-9]{1,8}$/, 'write it in small letters without the dot, as in jpg'))
      .min(1)
      .max(32)
      .default(['jpg', 'jpeg', 'png', 'bmp', 'tif', 'tiff', 'webp'])
      .describe('Endings of the file names to look at, without the dot; case does not matter.'),
    after: z
      .enum(['keep', 'delete'])
      .default('keep')
      .describe('What happens to a file once its inspection is committed.'),
    settleMs: z
      .number()
      .int()
      .min(0)
      .max(60_000)
      .default(300)
      .describe('A file is taken once its size and time have not changed for this long.'),
    pollMs: z
      .number()
      .int()
      .min(50)
      .max(60_000)
      .default(1000)
      .describe('How often the folder is listed even when the system reports no change (network shares report none).'),
    maxFileBytes: z
      .number()
      .int()
      .min(1024)
      .max(1_073_741_824)
      .default(67_108_864)
      .describe('Larger files are quarantined unread.'),
    ...view,
  })
  .describe('Takes each finished image file of a folder once; subfolders are not searched.');

export const replayCameraSchema = z
  .strictObject({
    kind: z.literal('replay'),
    path: z
      .string()
      .min(1)
      .describe('Folder of image files, searched with its subfolders, in the order of their names.'),
    framesPerSecond: z.number().min(0.01).max(1000).default(5).describe('Rate at which files are shown.'),
    loop: z.boolean().default(true).describe('Begin again after the last file.'),
    ...view,
  })
  .describe('Shows the files of a folder again and again at a set rate, for tests and demonstrations.');

export const simulatedCameraSchema = z
  .strictObject({
    kind: z.literal('simulated'),
    url: z
      .url({ protocol: /^tcp$/ })
      .regex(/:\d{1,5}$/, 'write it as tcp://HOST:PORT')
      .optional()
      .describe('Frame feed of a simulated line, `tcp://HOST:PORT`. Without it the camera renders its own frames.'),
    framesPerSecond: z.number().min(0.01).max(1000).default(2).describe("Rate of the camera's own frames."),
    defectRate: z.number().min(0).max(1).default(0.1).describe('Share of defective parts among its own frames.'),
    seed: z.number().int().min(0).default(1).describe('The same seed gives the same frames.'),
    ...view,
  })
  .describe('Renders magnetic tiles, good and defective, without any hardware.');

export const cameraSchema = z.discriminatedUnion('kind', [
  directoryCameraSchema,
  replayCameraSchema,
  simulatedCameraSchema,
  httpCameraSchema,
  ...gstreamerCameraSchemas,
  ffmpegCameraSchema,
]);

export type CameraConfig = z.infer<typeof cameraSchema>;
