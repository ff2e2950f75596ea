import type { Command } from 'commander';
import { systemClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Config } from '../config/schema/index.js';
import type { Frame, Image } from '../domain/frame.js';
import type { CameraStatus } from '../ports/camera.js';
import { pictureSize } from '../vision/picture-file.js';
import { type CameraFigures, cameraFigures, type Sighting } from './camera-figures.js';
import { findCamera, interruptible, noPicture, type Watch, watchCamera } from './camera-open.js';
import { bytesText, Progress } from './db-options.js';
import { configToRun } from './load-config.js';
import { seconds } from './number-options.js';
import { guardOutput, print } from './open-model.js';

const PROGRESS_MS = 200;

interface Options {
  readonly config: string;
  readonly seconds: string;
  readonly timeout: string;
  readonly json?: true;
}

interface Report extends CameraFigures {
  readonly station: string;
  readonly kind: string;
  /** From the opening of the camera to its first picture. */
  readonly firstAfterMs: number;
  /** What the pictures are: size and form, or why the first one cannot be read. */
  readonly picture: string;
  readonly camera: Pick<CameraStatus, 'state' | 'text' | 'framesDropped'>;
}

export function registerCameraTest(camera: Command): void {
  camera
    .command('test')
    .description('measure the camera of a station: rate, jitter, lost pictures, size, age')
    .argument('<station>', 'name of the station')
    .requiredOption('-c, --config <file>', 'the configuration')
    .option('--seconds <seconds>', 'how long to measure, from the first picture on', '10')
    .option('--timeout <seconds>', 'give up when no picture comes for so long', '15')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
The camera runs freely here, also where the station has a trigger. Nothing is inspected, and no file of a folder is
deleted. Many cameras serve one program at a time: stop the agent first.
Exit code 1 when no picture came, or when the camera was in trouble at the end.

Examples:
  jidoka camera test press-1 --config /etc/jidoka/jidoka.yaml
  jidoka camera test press-1 --config /etc/jidoka/jidoka.yaml --seconds 60 --json`,
    )
    .action(test);
}

async function test(name: string, options: Options): Promise<void> {
  guardOutput();
  const durationMs = seconds('--seconds', options.seconds, 0.1, 3600) * 1000;
  const timeoutMs = seconds('--timeout', options.timeout, 0.1, 3600) * 1000;
  const config = await configToRun(options.config);
  const { station, camera } = await findCamera(config, name);
  const sightings: Sighting[] = [];
  let first: { readonly image: Image; readonly afterMs: number } | undefined;
  const openedAtMs = systemClock.monotonicMs();
  const progress = new Progress('s', Math.ceil(durationMs / 1000));
  const ticking = setInterval(() => {
    const sinceFirstMs = sightings[0] === undefined ? 0 : systemClock.monotonicMs() - sightings[0].atMs;
    const what = sightings.length === 0 ? camera.status().text : `${sightings.length} pictures`;
    progress.update(Math.floor(sinceFirstMs / 1000), what);
  }, PROGRESS_MS);
  const watch: Watch = {
    timeoutMs,
    durationMs,
    onFrame: (frame) => {
      const sighting = sightingOf(frame);
      first ??= { image: frame.image, afterMs: sighting.atMs - openedAtMs };
      sightings.push(sighting);
      return true;
    },
  };
  const status = await interruptible((signal) => watchCamera(camera, watch, signal)).finally(() => {
    clearInterval(ticking);
    progress.stop();
  });
  if (first === undefined) throw noPicture(config, station, status);
  const { state, text, framesDropped } = status;
  const report: Report = {
    station: name,
    kind: station.camera.kind,
    firstAfterMs: first.afterMs,
    picture: await describe(first.image, config),
    ...cameraFigures(sightings),
    camera: { state, text, framesDropped },
  };
  await print(options.json === true ? `${JSON.stringify(report, rounded)}\n` : reportText(report));
  if (state === 'failed') process.exitCode = 1;
}

/** Microseconds are as fine as these figures are. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

function sightingOf({ image, capturedAtMs, sequence }: Frame): Sighting {
  const ageMs = systemClock.nowMs() - capturedAtMs;
  return { atMs: systemClock.monotonicMs(), ageMs, bytes: image.data.length, sequence };
}

async function describe(image: Image, { inference }: Config): Promise<string> {
  try {
    const { width, height } = await pictureSize(image, inference.maxImagePixels);
    return `${width} x ${height}, ${image.kind === 'raw' ? `raw ${image.format}` : 'encoded'}`;
  } catch (error) {
    return `cannot be read: ${messageOf(error)}`;
  }
}

function reportText(report: Report): string {
  const { frames, framesPerSecond, intervalMs, lost, bytes, bytesPerSecond, ageMs, camera } = report;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const spread = (values: CameraFigures['ageMs']): string =>
    values === null ? '-' : `p50 ${ms(values.p50)}   p95 ${ms(values.p95)}   max ${ms(values.max)}`;
  const facts = [
    ['station', `${report.station} (camera of the kind ${report.kind})`],
    ['first picture', `after ${(report.firstAfterMs / 1000).toFixed(2)} s`],
    ['picture', report.picture],
    ['pictures', `${frames} in ${report.seconds.toFixed(1)} s`],
    ['rate', framesPerSecond === null ? '-' : `${framesPerSecond.toFixed(2)} pictures/s`],
    ['interval', spread(intervalMs)],
    ['lost', `${lost} (gaps in the numbers of the pictures)`],
    [
      'size',
      bytes === null
        ? '-'
        : `mean ${bytesText(Math.round(bytes.mean))}   min ${bytesText(bytes.min)}   max ${bytesText(bytes.max)}`,
    ],
    ['data', bytesPerSecond === null ? '-' : `${bytesText(Math.round(bytesPerSecond))}/s`],
    ['age', spread(ageMs)],
    ['camera', `${camera.state}: ${camera.text}`],
  ] as const;
  const width = Math.max(...facts.map(([name]) => name.length));
  return `${facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n`;
}
