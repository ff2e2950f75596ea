import type { Command } from 'commander';
import { messageOf } from '../base/errors.js';
import type { Search } from '../camera/find/found.js';
import { findGenicam, findLibcamera } from '../camera/find/tools.js';
import { findV4l2 } from '../camera/find/v4l2.js';
import type { StationConfig } from '../config/schema/station.js';
import { interruptible, openableCamera, watchCamera } from './camera-open.js';
import { configToRun } from './load-config.js';
import { seconds } from './number-options.js';
import { guardOutput, print } from './open-model.js';

interface Options {
  readonly config?: string;
  readonly timeout: string;
  readonly json?: true;
}

/** A camera of the configuration, and whether a picture could be had from it. */
interface Tried {
  readonly station: string;
  readonly kind: string;
  readonly picture: boolean;
  readonly text: string;
}

export function registerCameraList(camera: Command): void {
  camera
    .command('list')
    .description('cameras that can be found at this machine, and those of the configuration with their state')
    .option('-c, --config <file>', 'the configuration, each camera of which is tried')
    .option('--timeout <seconds>', 'how long a camera of the configuration may take for a picture', '5')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
GigE Vision cameras are asked for by broadcast in every network of this machine.
A camera that the running agent has open may be busy here.

Examples:
  jidoka camera list
  jidoka camera list --config /etc/jidoka/jidoka.yaml`,
    )
    .action(list);
}

async function list(options: Options): Promise<void> {
  guardOutput();
  const timeoutMs = seconds('--timeout', options.timeout, 0.1, 600) * 1000;
  const stations = options.config === undefined ? [] : (await configToRun(options.config)).stations;
  const [searches, tried] = await Promise.all([
    Promise.all([findV4l2(), findGenicam(), findLibcamera()]),
    interruptible((signal) => Promise.all(stations.map((station) => tryCamera(station, timeoutMs, signal)))),
  ]);
  if (options.json === true) await print(`${JSON.stringify({ stations: tried, searches })}\n`);
  else await print([...stationLines(tried), ...searches.flatMap(searchLines), ''].join('\n'));
}

/** What is wrong with one camera must not keep the others from being listed. */
async function tryCamera(station: StationConfig, timeoutMs: number, signal: AbortSignal): Promise<Tried> {
  const { name, camera: config } = station;
  let picture = false;
  try {
    const camera = await openableCamera(station);
    const onFrame = (): boolean => {
      picture = true;
      return false;
    };
    const { text } = await watchCamera(camera, { timeoutMs, onFrame }, signal);
    return { station: name, kind: config.kind, picture, text };
  } catch (error) {
    return { station: name, kind: config.kind, picture, text: messageOf(error) };
  }
}

function stationLines(tried: readonly Tried[]): string[] {
  if (tried.length === 0) return [];
  const width = (cells: readonly string[]): number => Math.max(...cells.map((cell) => cell.length));
  const nameWidth = width(tried.map(({ station }) => station));
  const kindWidth = width(tried.map(({ kind }) => kind));
  const lines = tried.map(({ station, kind, picture, text }) => {
    const state = picture ? 'picture   ' : 'no picture';
    return `  ${station.padEnd(nameWidth)}  ${kind.padEnd(kindWidth)}  ${state}  ${text}`;
  });
  return ['Cameras of the configuration', ...lines, ''];
}

function searchLines({ kind, cameras, problem }: Search): string[] {
  const width = Math.max(0, ...cameras.map(({ id }) => id.length));
  const found = cameras.map(({ id, description }) => `  ${id.padEnd(width)}  ${description}`);
  if (problem !== undefined) found.push(`  ${cameras.length === 0 ? 'not searched: ' : ''}${problem}`);
  return [`${kind} cameras`, ...(found.length === 0 ? ['  none found'] : found)];
}
