import { dirname, join, relative, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { stringify } from 'yaml';
import { type Calibration, CalibrationPictures, calibrate } from '../app/camera-calibration.js';
import { isoUtc, systemClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { silentLogger } from '../base/logger.js';
import { createCamera } from '../camera/create-camera.js';
import { type CameraConfig, replayCameraSchema } from '../config/schema/camera.js';
import type { Config } from '../config/schema/index.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Camera } from '../ports/camera.js';
import type { OriginLog } from '../ports/ledger.js';
import { MAX_REFERENCE_SIDE, writeReference } from '../vision/quality/reference-file.js';
import type { Thumbnail } from '../vision/quality/thumbnail.js';
import { terminalAsk } from './ask.js';
import { Progress } from './db-options.js';
import { cliErrors } from './errors.js';
import { configToRun } from './load-config.js';
import { guardOutput, print } from './open-model.js';
import { table } from './table.js';

/** Fewer pictures tell nothing of how much they vary. */
const LEAST_FRAMES = 5;

interface CalibrateOptions {
  readonly config: string;
  readonly frames: number;
  readonly every: number;
  readonly timeout: number;
  readonly from?: string;
  /** A folder of pictures, or true: take them from the camera first. */
  readonly empty?: string | true;
  readonly width: number;
  readonly output?: string;
}

/** `jidoka camera calibrate`, to be added to the group `camera`. */
export function cameraCalibrateCommand(): Command {
  return new Command('calibrate')
    .description('learn what good pictures of a station look like, and propose when one is not fit to be judged')
    .argument('<station>', 'name of the station')
    .requiredOption('-c, --config <file>', 'the configuration (YAML)')
    .option('--frames <count>', 'pictures to take', wholeNumber(LEAST_FRAMES, 1000), 50)
    .option(
      '--every <ms>',
      'least time between two pictures, so that several parts are among them',
      wholeNumber(0, 3_600_000),
      0,
    )
    .option('--timeout <seconds>', 'longest wait for all pictures', wholeNumber(1, 86_400), 120)
    .option('--from <folder>', 'take pictures that are kept in this folder instead of opening the camera')
    .option('--empty [folder]', 'the empty scene too: pictures in this folder, or without one from the camera first')
    .option('--width <pixels>', 'width of the small picture that is compared', wholeNumber(64, MAX_REFERENCE_SIDE), 160)
    .option('--output <folder>', 'where the reference is written (default: quality/ beside the configuration)')
    .addHelpText(
      'after',
      `
Let good parts of every kind go by, in the light of every day. A camera that only one program can open is free once the
agent is stopped. Where a PLC triggers the camera, keep pictures for a while (images: all) and calibrate --from them.
Nothing is changed in the configuration: paste what is printed.

Examples:
  jidoka camera calibrate press-1 --config /etc/jidoka/jidoka.yaml --every 500
  jidoka camera calibrate press-1 --config /etc/jidoka/jidoka.yaml --empty
  jidoka camera calibrate press-1 -c jidoka.yaml --from ./good-parts --empty ./empty-scene`,
    )
    .action(run);
}

async function run(name: string, options: CalibrateOptions): Promise<void> {
  guardOutput();
  const config = await configToRun(options.config);
  const station = config.stations.find((candidate) => candidate.name === name);
  if (station === undefined) {
    const expected = `one of ${config.stations.map((candidate) => candidate.name).join(', ')}`;
    throw cliErrors.CLI_BAD_OPTION({ where: 'the station', got: JSON.stringify(name), expected });
  }
  const pictures = new CalibrationPictures({ maxImagePixels: config.inference.maxImagePixels, width: options.width });
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  try {
    const empties = options.empty === undefined ? [] : await takeEmpties(pictures, station, options, stop.signal);
    const source = options.from === undefined ? station.camera : folderCamera(options.from);
    const parts = await takeAll(pictures, station, source, options, stop.signal);
    const file = await write(config, station, options, parts, empties);
    await print(report(options, station, file.calibration, file.path, parts.length, empties.length));
  } finally {
    process.off('SIGINT', onSignal);
  }
}

async function takeEmpties(
  pictures: CalibrationPictures,
  station: StationConfig,
  options: CalibrateOptions,
  signal: AbortSignal,
): Promise<readonly Thumbnail[]> {
  if (typeof options.empty === 'string') {
    return takeAll(pictures, station, folderCamera(options.empty), options, signal);
  }
  if (process.stdin.isTTY !== true) {
    const got = 'no terminal to say when the scene is clear';
    throw cliErrors.CLI_BAD_OPTION({ where: '--empty', got, expected: '--empty FOLDER' });
  }
  const ask = terminalAsk(process.stdin, process.stderr);
  const ready = { option: '--empty', fallback: 'ready' };
  await ask({ ...ready, text: 'Clear the scene in front of the camera, then press Enter.' });
  const empties = await takeAll(pictures, station, station.camera, options, signal);
  await ask({ ...ready, text: 'Now let good parts go by, then press Enter.' });
  return empties;
}

async function takeAll(
  pictures: CalibrationPictures,
  station: StationConfig,
  source: CameraConfig,
  { frames, every, timeout }: CalibrateOptions,
  signal: AbortSignal,
): Promise<readonly Thumbnail[]> {
  const camera = createCamera(source, {
    station: station.name,
    originLog: forgetful,
    logger: silentLogger,
    clock: systemClock,
  });
  const ending = AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]);
  const progress = new Progress('pictures', frames);
  try {
    const taken = await pictures.take(camera, { frames, everyMs: every }, ending, (count) => progress.update(count));
    if (taken.length < LEAST_FRAMES) throw tooFew(taken.length, station, camera);
    return taken;
  } finally {
    progress.stop();
  }
}

function tooFew(count: number, { name }: StationConfig, camera: Camera): Error {
  return cliErrors.CLI_TOO_FEW_PICTURES({
    where: `station ${name}`,
    got: `${count} pictures; ${camera.status().text.replace(/\.$/, '')}`,
    expected: `at least ${LEAST_FRAMES}`,
  });
}

async function write(
  config: Config,
  { name }: StationConfig,
  { config: configFile, output }: CalibrateOptions,
  parts: readonly Thumbnail[],
  empties: readonly Thumbnail[],
): Promise<{ readonly calibration: Calibration; readonly path: string }> {
  const calibration = calibrate(parts, empties);
  const folder = output === undefined ? join(dirname(resolve(configFile)), 'quality') : resolve(output);
  const path = join(folder, `${name}.json`);
  const notes = {
    station: name,
    gateway: config.gateway.name,
    takenAt: isoUtc(systemClock.nowMs()),
    frames: parts.length,
    emptyFrames: empties.length,
    measured: calibration.measured,
  };
  try {
    await writeReference(path, calibration.reference, notes);
  } catch (cause) {
    throw cliErrors.CLI_NOT_WRITTEN({ where: path, got: messageOf(cause), cause });
  }
  return { calibration, path };
}

function report(
  { config }: CalibrateOptions,
  { name }: StationConfig,
  { measured, limits, notes, refused, emptyAccepted }: Calibration,
  path: string,
  frames: number,
  emptyFrames: number,
): string {
  const rows = Object.entries(measured).map(([measure, { least, median, greatest }]) => [
    measure,
    ...[least, median, greatest].map((value) => String(Number(value.toPrecision(3)))),
  ]);
  const counted = `${frames} pictures${emptyFrames > 0 ? ` and ${emptyFrames} of the empty scene` : ''}`;
  const reference = relative(dirname(resolve(config)), path);
  const yaml = stringify({ quality: { reference, ...limits } });
  return [
    `${counted}; the reference is ${path}`,
    '',
    ...table(['measure', 'least', 'median', 'greatest'], rows),
    '',
    ...notes.map((note) => `note: ${note}`),
    ...(refused > 0
      ? [`note: ${refused} of these pictures would be refused; look at them before you use the limits.`]
      : []),
    ...(emptyAccepted > 0 ? [`note: ${emptyAccepted} pictures of the empty scene would be accepted.`] : []),
    `# Paste into station "${name}" of ${config}:`,
    yaml.replaceAll(/^(?=.)/gm, '    '),
  ].join('\n');
}

function folderCamera(path: string): CameraConfig {
  return replayCameraSchema.parse({ kind: 'replay', path: resolve(path), framesPerSecond: 1000, loop: false });
}

/** A calibration takes no file for the agent: what it has seen, it forgets. */
const forgetful: OriginLog = {
  seen: async () => new Set(),
  quarantine: async () => undefined,
  forget: async () => undefined,
  quarantined: async () => [],
};

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  };
}
