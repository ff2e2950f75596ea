import Database from 'better-sqlite3';
import { mosquittoAbsent } from '../simulators/mosquitto.js';
import { protocAbsent } from '../simulators/sparkplug-protoc.js';
import { hostAbsent, PythonHost, type Seen } from '../simulators/sparkplug-python-host.js';
import type { Tape } from '../simulators/sparkplug-recorder.js';
import type { Recording } from './recording.js';
import { GROUP, Rig, type RigOptions } from './rig.js';
import { old, waiting, walking, whole } from './scenarios.js';

const HOST_ID = 'scada';

/** Why the scenarios cannot be played here; undefined where they can. */
export const scenariosAbsent = mosquittoAbsent ?? protocAbsent;

export interface CommittedPart {
  readonly id: string;
  readonly station: string;
  readonly seq: number;
  readonly verdict: string;
}

export interface Played {
  readonly recordings: Recording[];
  /** The tape of the scenario `whole`. */
  readonly tape: Tape;
  /** What the Python host understood of the scenario `whole`; undefined without one. */
  readonly hostSaw: readonly Seen[] | undefined;
  /** What the agent had committed in the scenario `whole`. */
  readonly committed: readonly CommittedPart[];
}

/** Plays every scenario once with the real agent, all at the same time: they mostly wait. */
export async function playAll(): Promise<Played> {
  const first = withRig({ scenario: 'whole', protocol: '5' }, async (rig) => {
    const port = rig.brokers[0]?.port ?? 0;
    const host = hostAbsent === undefined ? await PythonHost.start(port, GROUP, HOST_ID) : undefined;
    try {
      await whole(rig, host);
    } finally {
      await host?.stop();
    }
    return {
      tape: rig.tape,
      hostSaw: host?.seen,
      committed: committedIn(rig.databaseFile),
      recording: rig.recording(),
    };
  });
  const further: [RigOptions, (rig: Rig) => Promise<void>][] = [
    [{ scenario: 'old', protocol: '3.1.1' }, old],
    [{ scenario: 'waiting', protocol: '5', host: HOST_ID }, (rig) => waiting(rig, HOST_ID)],
    [{ scenario: 'walking', protocol: '5', servers: 2, host: HOST_ID }, (rig) => walking(rig, HOST_ID)],
  ];
  const others = further.map(([options, play]) =>
    withRig(options, async (rig) => {
      await play(rig);
      return rig.recording();
    }),
  );
  // Where one fails the others are waited for all the same: each ends its own processes.
  await Promise.allSettled([first, ...others]);
  const [{ recording, ...evidence }, ...recordings] = await Promise.all([first, ...others]);
  return { ...evidence, recordings: [recording, ...recordings] };
}

async function withRig<T>(options: RigOptions, play: (rig: Rig) => Promise<T>): Promise<T> {
  const rig = await Rig.start(options);
  try {
    return await play(rig);
  } finally {
    await rig.dispose();
  }
}

function committedIn(file: string): CommittedPart[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare<[], CommittedPart>('SELECT id, station, seq, verdict FROM inspections').all();
  } finally {
    database.close();
  }
}
