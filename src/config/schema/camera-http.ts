import { z } from 'zod';
import { view } from './camera-view.js';
import { positiveMs, secretSchema } from './common.js';

export const httpCameraSchema = z
  .strictObject({
    kind: z.literal('http'),
    url: z
      .url({ protocol: /^https?$/, hostname: /./ })
      .describe(
        'Address of one picture or of an MJPEG stream (multipart/x-mixed-replace), as the manual of the camera has it.',
      )
      .meta({ examples: ['http://192.168.10.21/axis-cgi/mjpg/video.cgi'] }),
    mode: z
      .enum(['auto', 'snapshot', 'stream'])
      .default('auto')
      .describe(
        '`snapshot`: one request a picture. `stream`: one request, and pictures without end. `auto`: as the camera names its answer.',
      ),
    framesPerSecond: z
      .number()
      .min(0.01)
      .max(100)
      .optional()
      .describe(
        'How often a picture is fetched, for `snapshot`. Default: once a second where every frame is a part; with another trigger a picture for each part, and one every ten seconds to see that the camera lives.',
      ),
    username: z.string().min(1).optional().describe('User name at the camera, for basic and digest authentication.'),
    password: secretSchema.optional(),
    authentication: z
      .enum(['auto', 'digest', 'basic'])
      .default('auto')
      .describe(
        'What the login may be. `auto`: the strongest that the camera offers. With `basic` over `http` the password can be read in the network.',
      ),
    tls: z
      .strictObject({
        ca: z
          .string()
          .min(1)
          .optional()
          .describe("PEM file of the authority that signed the camera's certificate, or of that certificate itself."),
        serverName: z.string().min(1).optional().describe("Name to expect in the camera's certificate."),
      })
      .optional()
      .describe("For `https`. The camera's certificate is always verified."),
    size: z
      .strictObject({
        width: z.number().int().min(1).max(65_535).describe('Width in pixels.'),
        height: z.number().int().min(1).max(65_535).describe('Height in pixels.'),
      })
      .optional()
      .describe(
        'Size of the pictures. Those of another size are not inspected: the region would show other parts of the scene. Default: the size of the first picture after the start.',
      ),
    connectTimeoutMs: positiveMs
      .default(5000)
      .describe('How long it may take until the camera begins to answer a request.'),
    stallAfterMs: positiveMs
      .default(5000)
      .describe('Without a whole picture for this long a stream has stalled, or a request for a picture has failed.'),
    reconnectMaxMs: positiveMs.default(10_000).describe('Longest wait between two attempts.'),
    latencyMs: z
      .number()
      .int()
      .min(0)
      .max(60_000)
      .default(0)
      .describe(
        'How old a picture can be when the camera hands it out: exposure, encoding, its own buffer. The capture time is set back by it, and a triggered picture is fetched that much later.',
      ),
    maxFrameBytes: z
      .number()
      .int()
      .min(1024)
      .max(268_435_456)
      .default(16_777_216)
      .describe('Larger pictures are not taken.'),
    ...view,
  })
  .describe('Fetches pictures from a network camera over HTTP: one at a time, or as an MJPEG stream.');

export type HttpCameraConfig = z.infer<typeof httpCameraSchema>;
