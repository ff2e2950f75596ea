// Child process of a test: node stop-while-running.mjs PACKAGE stop|terminate. Ends a worker thread in the middle of a
// run, in the agent's way or by force.
import { silentLogger } from '#jidoka/base/logger.js';
import { OnnxClassifier } from '#jidoka/vision/classifier.js';
import { loadModelPackage } from '#jidoka/vision/model-package.js';

const [folder = '', how] = process.argv.slice(2);
/** @type {import('node:worker_threads').Worker[]} */
const threads = [];
process.on('worker', (thread) => threads.push(thread));
const model = await loadModelPackage(folder);
const classifier = new OnnxClassifier({
  model,
  providers: ['cpu'],
  workers: 1,
  maxImagePixels: 1_000_000,
  logger: silentLogger,
});
await classifier.start();
/** @type {import('#jidoka/domain/frame.js').RawImage} */
const image = { kind: 'raw', format: 'grey8', width: 16, height: 16, data: new Uint8Array(256).fill(255) };
const running = classifier.classify(image, { rotate: 0 });
while (await classifier.alive(50)) await new Promise((resolve) => setImmediate(resolve));
process.stdout.write('running\n');
if (how === 'terminate') await threads[0]?.terminate();
else await classifier.stop();
const { classification } = await running;
process.stdout.write(`${classification.label}\n`);
