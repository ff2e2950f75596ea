import { resolve } from 'node:path';
import { stationCamera } from '../app/station-camera.js';
import { systemClock } from '../base/clock.js';
import { silentLogger } from '../base/logger.js';
import type { Config } from '../config/schema/index.js';
import type { StationConfig } from '../config/schema/station.js';
import { readSecretFile, resolveSecret } from '../config/secrets.js';
import type { Frame } from '../domain/frame.js';
import type { Camera, CameraStatus } from '../ports/camera.js';
import type { OriginLog } from '../ports/ledger.js';
import { folderHolder } from '../store/folder-lock.js';
import { cliErrors } from './errors.js';

/** A station's camera, not yet open, as the agent would have it. */
export interface StationCamera {
  readonly station: StationConfig;
  readonly camera: Camera;
}

/** Knows no file and remembers none: looking at a folder changes nothing in what the agent takes from it. */
const noOrigins: OriginLog = {
  seen: async () => new Set(),
  quarantine: async () => undefined,
  forget: async () => undefined,
  quarantined: async () => [],
};

/**
 * The camera of one station of the configuration, whatever its kind. Its pictures come on their own, without a trigger.
 * @throws JidokaError (config) CLI_STATION_UNKNOWN, or for a secret that cannot be read
 */
export async function findCamera(config: Config, name: string): Promise<StationCamera> {
  const station = config.stations.find((one) => one.name === name);
  if (station === undefined) {
    const expected = config.stations.map((one) => one.name).join(' or ');
    throw cliErrors.CLI_STATION_UNKNOWN({ where: name, expected });
  }
  return { station, camera: await openableCamera(station) };
}

export function openableCamera(station: StationConfig): Promise<Camera> {
  const untriggered: StationConfig = { ...station, trigger: { kind: 'frame' } };
  return stationCamera(untriggered, { originLog: noOrigins, logger: silentLogger, clock: systemClock }, (reference) =>
    resolveSecret(reference, {
      environment: process.env,
      credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
      readFile: readSecretFile,
      warn: (text) => void process.stderr.write(`${text}\n`),
    }),
  );
}

export interface Watch {
  /** The first picture must come within this time, ms. */
  readonly timeoutMs: number;
  /** Called with each picture; false ends the watch. */
  readonly onFrame: (frame: Frame) => boolean;
  /** Where given, the watch ends this long after the first picture. */
  readonly durationMs?: number;
}

/** Runs a command's work with a signal that Ctrl-C aborts: a camera must not stay taken when its program has ended. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, interrupt);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const name of signals) process.off(name, interrupt);
  }
}

/**
 * Opens a camera and takes its pictures until enough are there or the signal aborts, then closes it.
 * @returns what the camera said of itself while it was open
 * @throws JidokaError (config) of a camera that can never work
 */
export async function watchCamera(camera: Camera, watch: Watch, signal: AbortSignal): Promise<CameraStatus> {
  const ending = new AbortController();
  let status: CameraStatus | undefined;
  const end = (): void => {
    status ??= camera.status();
    ending.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  let timer = setTimeout(end, watch.timeoutMs);
  let frames = 0;
  try {
    for await (const frame of camera.frames(ending.signal)) {
      frames += 1;
      if (frames === 1) {
        clearTimeout(timer);
        if (watch.durationMs !== undefined) timer = setTimeout(end, watch.durationMs);
      }
      if (!watch.onFrame(frame)) end();
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
  return status ?? camera.status();
}

/** The error of a command that got no picture. A device that the agent has open is the commonest reason. */
export function noPicture(config: Config, { name }: StationConfig, { text }: CameraStatus): Error {
  const directory = config.storage.directory ?? process.env['STATE_DIRECTORY'] ?? resolve('state');
  const holder = folderHolder(directory);
  return cliErrors.CLI_CAMERA_NO_PICTURE({
    where: `station ${name}`,
    got: `the camera says: ${text.replace(/\.$/, '')}`,
    ...(holder !== undefined && {
      hint: `The agent runs with this configuration (process ${holder}) and has the camera open; many cameras serve only one program. Stop it first: sudo systemctl stop jidoka.`,
    }),
  });
}
