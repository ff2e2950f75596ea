import { isoUtc } from '../../base/clock.js';
import type { Command, CommandName } from '../../domain/command.js';
import { type CommandArguments, MAX_SNAPSHOT_WIDTH } from '../../domain/command-arguments.js';
import { commandErrors } from '../../domain/errors.js';
import type { ClassifierInfo } from '../../ports/classifier.js';
import type { CommandedStation } from './commanded-station.js';

/** A JPEG of this size makes an answer of four thirds of it. */
const MAX_RESULT_IMAGE_BYTES = 262_144;
const MAX_TOPIC_IMAGE_BYTES = 4_194_304;

/** The agent as commands see it. */
export interface CommandTargets {
  readonly stations: readonly CommandedStation[];
  /**
   * Loads, checks and warms the model and takes it into use, unless the signal has aborted by then.
   * @throws a `config` JidokaError of the model; the one in use goes on then
   */
  selectModel(
    station: string,
    choice: CommandArguments<'select-model'>,
    signal: AbortSignal,
  ): Promise<ClassifierInfo | undefined>;
  /** Undefined where there is no such alarm now. */
  acknowledge(where: string, by: string): { readonly at: string; readonly by: string } | undefined;
  /** Says everything of itself anew to a destination; false where it is none of a broker. */
  rebirth(destination: string): boolean;
  /** Something about the station has changed that its state shows. */
  changed(station: CommandedStation): void;
}

/** One command at its turn. */
export interface Turn<Name extends CommandName = CommandName> {
  readonly command: Command;
  readonly given: CommandArguments<Name>;
  /** The stations it is for; those of the gateway's own commands are none. */
  readonly stations: readonly CommandedStation[];
  readonly targets: CommandTargets;
  /** Nothing may take effect once it has aborted. */
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

type Value = Readonly<Record<string, unknown>>;

/** How long each command may take from its arrival to its answer, waiting included. */
export const COMMAND_DEADLINE_MS: Readonly<Record<CommandName, number>> = {
  pause: 30_000,
  resume: 30_000,
  inspect: 15_000,
  'set-threshold': 30_000,
  'acknowledge-alarm': 30_000,
  'select-model': 120_000,
  'select-recipe': 30_000,
  rebirth: 30_000,
  snapshot: 15_000,
};

/** What each command does. It throws a JidokaError, with no effect then, or gives the value of the answer. */
const ACTIONS: { readonly [Name in CommandName]: (turn: Turn<Name>) => Value | Promise<Value> } = {
  pause: ({ command, given, stations, targets, nowMs }) => {
    for (const station of stations) {
      station.pause({ sinceMs: nowMs, by: senderOf(command), ...given });
      targets.changed(station);
    }
    return {
      stations: stations.map(({ name, paused }) => ({ station: name, paused: isoUtc(paused?.sinceMs ?? nowMs) })),
    };
  },
  resume: ({ stations, targets }) => {
    for (const station of stations) {
      station.resume();
      targets.changed(station);
    }
    return { stations: stations.map(({ name }) => ({ station: name, paused: null })) };
  },
  inspect: async ({ given, stations, signal }) => {
    const station = only(stations);
    if (station.paused !== undefined) throw commandErrors.COMMAND_STATION_PAUSED({ where: station.name });
    const inspected = await station.inspectNow(signal, given.recipe === undefined ? {} : { recipe: given.recipe });
    if (inspected === undefined) throw commandErrors.COMMAND_PART_LOST({ where: station.name });
    const { inspection, seq } = inspected;
    return {
      inspection: inspection.id,
      seq,
      verdict: inspection.verdict.decision,
      reasons: inspection.verdict.reasons,
      class: inspection.result?.label ?? null,
      score: inspection.result === null ? null : Math.round(inspection.result.score * 1e5) / 1e5,
    };
  },
  'set-threshold': ({ given, stations, targets }) => {
    const station = only(stations);
    const thresholds = station.setThresholds(given);
    targets.changed(station);
    return { thresholds };
  },
  'acknowledge-alarm': ({ command, given: { alarm }, targets }) => {
    const acknowledged = targets.acknowledge(alarm, senderOf(command));
    if (acknowledged === undefined) throw commandErrors.COMMAND_ALARM_UNKNOWN({ got: JSON.stringify(alarm) });
    return { alarm, acknowledged };
  },
  'select-model': async ({ given, stations, targets, signal }) => {
    const station = only(stations);
    const info = await targets.selectModel(station.name, given, signal);
    if (info === undefined) throw commandErrors.COMMAND_TIMED_OUT({ where: station.name });
    targets.changed(station);
    const { model, variant, provider } = info;
    return { model: { name: model.name, version: model.version, sha256: model.sha256, variant, provider } };
  },
  'select-recipe': ({ given: { recipe }, stations, targets }) => {
    const station = only(stations);
    station.selectRecipe(recipe);
    targets.changed(station);
    return { recipe: station.recipes.inForce ?? null, recipes: station.recipes.names };
  },
  rebirth: ({ command: { from }, targets }) => {
    if (!targets.rebirth(from.destination)) throw commandErrors.COMMAND_NOT_SUPPORTED({ got: from.destination });
    return { destination: from.destination };
  },
  snapshot: async ({ given, stations, signal }) => {
    const station = only(stations);
    const picture = await station.snapshot(given.width ?? MAX_SNAPSHOT_WIDTH, signal);
    if (picture === undefined)
      throw commandErrors.COMMAND_TIMED_OUT({ where: `${station.name}, waiting for a picture` });
    const { frame, jpeg } = picture;
    const most = given.as === 'topic' ? MAX_TOPIC_IMAGE_BYTES : MAX_RESULT_IMAGE_BYTES;
    if (jpeg.byteLength > most) {
      const details = { got: `${jpeg.byteLength} bytes`, expected: `at most ${most}` };
      throw commandErrors.COMMAND_IMAGE_TOO_LARGE({ where: station.name, ...details });
    }
    return {
      capturedAt: isoUtc(frame.capturedAtMs),
      contentType: 'image/jpeg',
      bytes: jpeg.byteLength,
      image: Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength).toString('base64'),
    };
  },
};

/** Carries a command out. @throws JidokaError where it cannot be; it has no effect then */
export async function act(turn: Turn): Promise<Value> {
  const action = ACTIONS[turn.command.name] as (turn: Turn) => Value | Promise<Value>;
  return action(turn);
}

function senderOf({ from }: Command): string {
  return from.sender === undefined ? from.destination : `${from.sender} (${from.destination})`;
}

function only(stations: readonly CommandedStation[]): CommandedStation {
  const [station] = stations;
  if (station === undefined) throw commandErrors.COMMAND_STATION_MISSING();
  return station;
}
