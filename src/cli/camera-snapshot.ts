import { rename, rm, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isoUtc } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Frame } from '../domain/frame.js';
import { pictureFile } from '../vision/picture-file.js';
import { findCamera, interruptible, noPicture, type Watch, watchCamera } from './camera-open.js';
import { bytesText } from './db-options.js';
import { cliErrors } from './errors.js';
import { configToRun } from './load-config.js';
import { seconds } from './number-options.js';
import { guardOutput, print } from './open-model.js';

interface Options {
  readonly config: string;
  readonly output: string;
  readonly wait: string;
  readonly timeout: string;
}

export function registerCameraSnapshot(camera: Command): void {
  camera
    .command('snapshot')
    .description('take one picture with the camera of a station')
    .argument('<station>', 'name of the station')
    .requiredOption('-c, --config <file>', 'the configuration')
    .requiredOption('-o, --output <file>', 'where the picture goes: .jpg, .jpeg or .png; an older file is replaced')
    .option('--wait <seconds>', 'let the camera run for so long first, so that its exposure settles', '0')
    .option('--timeout <seconds>', 'give up when no picture comes for so long', '15')
    .addHelpText(
      'after',
      `
The picture is the camera's whole picture, without the region and the rotation of the station.
Many cameras serve one program at a time: stop the agent first.

Examples:
  jidoka camera snapshot press-1 --config /etc/jidoka/jidoka.yaml -o press-1.jpg
  jidoka camera snapshot press-1 --config /etc/jidoka/jidoka.yaml -o dark.png --wait 2`,
    )
    .action(snapshot);
}

async function snapshot(name: string, options: Options): Promise<void> {
  guardOutput();
  const file = options.output;
  const format = formatOf(file);
  const [waitMs, timeoutMs] = [
    seconds('--wait', options.wait, 0, 600) * 1000,
    seconds('--timeout', options.timeout, 0.1, 3600) * 1000,
  ];
  const config = await configToRun(options.config);
  const { station, camera } = await findCamera(config, name);
  let newest: Frame | undefined;
  const watch: Watch = {
    timeoutMs,
    durationMs: waitMs,
    onFrame: (frame) => {
      newest = frame;
      return waitMs > 0;
    },
  };
  const status = await interruptible((signal) => watchCamera(camera, watch, signal));
  if (newest === undefined) throw noPicture(config, station, status);
  const { maxImagePixels } = config.inference;
  const { jpegQuality: quality } = config.storage;
  const { data, width, height } = await pictureFile(newest.image, { format, quality, maxImagePixels });
  await replaceFile(file, data);
  await print(`${file}: ${width} x ${height}, ${bytesText(data.length)}, taken at ${isoUtc(newest.capturedAtMs)}\n`);
}

function formatOf(file: string): 'jpeg' | 'png' {
  if (/\.jpe?g$/i.test(file)) return 'jpeg';
  if (/\.png$/i.test(file)) return 'png';
  throw cliErrors.CLI_BAD_OPTION({ where: '--output', got: file, expected: 'a file that ends in .jpg, .jpeg or .png' });
}

/** Whoever looks at the file sees the old picture or the new one, never half of one. */
async function replaceFile(file: string, data: Uint8Array): Promise<void> {
  const temporary = `${file}.part`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const expected = 'a file that this user may write';
    throw cliErrors.CLI_BAD_OPTION({ where: '--output', got: messageOf(error), expected, cause: error });
  }
}
