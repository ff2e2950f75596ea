import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../base/clock.js';
import { commandErrors } from '../domain/errors.js';
import type { ControlEntry, ControlledStation, StationRecipes } from '../ports/controlled-station.js';
import type { AuditWriter } from './commands/audit-writer.js';
import type { FacedAgent } from './station-face.js';
import type { RunningStation } from './station-plan.js';
import { stationTroubles } from './station-troubles.js';

/** Where the audit says that a command came from. */
const DOOR = 'opcua';
/** Nobody waits for the audit of a method. */
const NO_WAIT_MS = 0;
/** The station as it stands without recipes. */
const OWN = 'default';

export interface ControlHelp extends FacedAgent {
  readonly audit: AuditWriter;
  readonly clock: Clock;
  /** Of all stations. */
  readonly names: readonly string[];
}

/** A running station as a control system may drive it. */
export function controlledStation(
  station: RunningStation,
  { simulated }: { readonly simulated: boolean },
  help: ControlHelp,
): ControlledStation {
  const { clock, names } = help;
  const troubles = () => stationTroubles(station.name, names, help.troubles());
  return {
    name: station.name,
    simulated,
    get paused() {
      const { paused } = station;
      return paused && `${paused.by}${paused.reason === undefined ? '' : ` (${paused.reason})`}`;
    },
    get recipes() {
      return recipesOf(station);
    },
    get troubles() {
      return troubles();
    },
    pause: (by, reason) => {
      station.pause({ sinceMs: clock.nowMs(), by: `${by} (${DOOR})`, ...(reason !== undefined && { reason }) });
      help.changed(station);
    },
    resume: () => {
      station.resume();
      help.changed(station);
    },
    selectRecipe: async (name) => selectRecipe(station, name),
    inspectNow: async (part, signal) =>
      (await station.inspectNow(signal, { ...part, despitePause: true })) !== undefined,
    acknowledge: (by) => {
      for (const { where } of troubles()) help.acknowledge(where, `${by} (${DOOR})`);
    },
    audit: (entry) => writeAudit(station.name, entry, help),
  };
}

/**
 * The recipes of the configuration, and the station itself where parts may be judged by it: by the name of its model, or
 * as `default` beside others.
 */
function recipesOf({ models, recipes, info }: RunningStation): StationRecipes {
  const own = recipes.names.length === 0 ? info.model.name : OWN;
  return {
    all: models.map(({ recipe, info: { model } }) => ({ name: recipe ?? own, model })),
    inForce: recipes.inForce ?? own,
  };
}

async function selectRecipe(station: RunningStation, name: string): Promise<void> {
  const { names } = station.recipes;
  if (names.includes(name)) return station.selectRecipe(name);
  if (!recipesOf(station).all.some((recipe) => recipe.name === name)) {
    throw commandErrors.COMMAND_FAILED({ got: `there is no recipe ${name}` });
  }
  if (names.length > 0) station.selectRecipe(undefined);
}

function writeAudit(
  station: string,
  { method, by, given, refusal }: ControlEntry,
  { audit, clock }: ControlHelp,
): void {
  const entry = {
    atMs: clock.nowMs(),
    id: uuidv7(),
    name: method,
    station,
    destination: DOOR,
    sender: by,
    arguments: given,
    result:
      refusal === undefined
        ? { ok: true as const, value: {} }
        : { ok: false as const, code: 'OPCUA_METHOD_REFUSED', text: refusal },
  };
  if (refusal === undefined) void audit.write(entry, NO_WAIT_MS);
  else audit.writeRefused(entry);
}
