// Child process of a test: node provider-run.mjs PACKAGE PROVIDERS WORKERS. Prints what the classifier says of a ramp of
// grey levels as one JSON line. A provider may crash a process, and environment variables choose its driver.
import { silentLogger } from '#jidoka/base/logger.js';
import { OnnxClassifier } from '#jidoka/vision/classifier.js';
import { loadModelPackage } from '#jidoka/vision/model-package.js';

const [folder = '', providers = '', workers = ''] = process.argv.slice(2);
/** @type {string[]} */
const warnings = [];
/** @type {import('#jidoka/base/logger.js').Logger} */
const logger = { ...silentLogger, warn: (_, message) => warnings.push(message) };
const model = await loadModelPackage(folder);
const options = {
  model,
  providers: providers.split(','),
  workers: Number(workers),
  maxImagePixels: 1_000_000,
  logger,
};
// Two models at once, as with two stations.
const classifiers = [new OnnxClassifier(options), new OnnxClassifier(options)];
const [info] = await Promise.all(classifiers.map((classifier) => classifier.start()));
const levels = [0, 60, 100, 120, 127, 128, 140, 160, 200, 255];
const scores = await Promise.all(
  levels.flatMap((level) =>
    classifiers.map(async (classifier) => {
      /** @type {import('#jidoka/domain/frame.js').RawImage} */
      const image = { kind: 'raw', format: 'grey8', width: 16, height: 16, data: new Uint8Array(256).fill(level) };
      const { classification } = await classifier.classify(image, { rotate: 0 });
      return classification.scores[0];
    }),
  ),
);
await Promise.all(classifiers.map((classifier) => classifier.stop()));
process.stdout.write(JSON.stringify({ info, warnings, scores }));
