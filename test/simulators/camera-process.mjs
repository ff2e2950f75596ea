// An HTTP camera in a process of its own, which a test can halt. Prints a line for each frame: its capture time and
// what stands in its JPEG comment.
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import { HttpCamera } from '#jidoka/camera/http/http-camera.js';
import { httpCameraSchema } from '#jidoka/config/schema/camera-http.js';

const originLog = {
  seen: async () => new Set(),
  quarantine: async () => undefined,
  forget: async () => undefined,
  quarantined: async () => [],
};
const config = httpCameraSchema.parse({ kind: 'http', url: process.argv[2], stallAfterMs: 60_000 });
const camera = new HttpCamera(config, { station: 's', originLog, logger: silentLogger, clock: systemClock });
for await (const { image, capturedAtMs } of camera.frames(new AbortController().signal)) {
  // SOI, then the comment: marker, length, text.
  const length = (image.data[4] ?? 0) * 256 + (image.data[5] ?? 0) - 2;
  process.stdout.write(`${capturedAtMs} ${Buffer.from(image.data.subarray(6, 6 + length)).toString()}\n`);
}
