import { v7 as uuidv7 } from 'uuid';
import { type Clock, isoUtc } from '../base/clock.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import { Inspector } from '../pipeline/inspect.js';
import type { PauseGate } from '../pipeline/pause-gate.js';
import { QualityGate } from '../pipeline/quality-gate.js';
import { Station } from '../pipeline/station.js';
import { StationTally } from '../pipeline/station-state.js';
import { type Trigger, tagTrigger, timerTrigger } from '../pipeline/trigger.js';
import type { Camera } from '../ports/camera.js';
import type { ImageDecoder } from '../ports/image-decoder.js';
import type { ImageEncoder } from '../ports/image-encoder.js';
import type { Ledger } from '../ports/ledger.js';
import type { PictureMeter } from '../ports/picture-meter.js';
import type { SensorSource, TagWatcher } from '../ports/sensors.js';
import type { StationCondition, VerdictOutput } from '../ports/verdict-output.js';
import { cameraPlace, type HealthSource, picturesPlace, stationPlace } from './health.js';
import type { LoadedModel } from './loaded-models.js';
import { present } from './present.js';
import type { SelectedRecipe } from './selected-recipe.js';
import type { InspectionListener, RunningStation, StationPlan } from './station-plan.js';
import { StationRecipes } from './station-recipes.js';

const SENSOR_GRACE_MS = 3000;
const SENSOR_POLL_MS = 25;
/** A part that is this long with the model: nothing comes of it, and the PLC's watchdog has to know. */
const HUNG_INFERENCE_MS = 10_000;

export interface StationEquipment {
  readonly camera: Camera;
  readonly sensors: SensorSource;
  /** Loads and warms the model that the station's configuration, or one as it is for a recipe, names. */
  readonly takeModel: (station: StationConfig) => Promise<LoadedModel>;
  readonly selectedRecipe: SelectedRecipe;
  readonly encoder: ImageEncoder;
  readonly decoder: ImageDecoder;
  /** Present where pictures are looked at before a model may judge them. */
  readonly meter?: PictureMeter;
  readonly ledger: Ledger;
  /** Present where the trigger is a tag. */
  readonly watcher?: TagWatcher;
  readonly output?: VerdictOutput;
  readonly jpegQuality: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Turns one station's config and equipment into a plan that the agent can start. */
export function planStation(config: StationConfig, equipment: StationEquipment): StationPlan {
  return {
    name: config.name,
    start: (onInspected) => startStation(config, equipment, onInspected),
  };
}

/** Whatever fails after the model is loaded, its threads are not left behind: they would keep the process alive. */
async function startStation(
  config: StationConfig,
  equipment: StationEquipment,
  onInspected: InspectionListener,
): Promise<RunningStation> {
  await equipment.meter?.open();
  const { takeModel, selectedRecipe: selected, logger } = equipment;
  const model = await StationRecipes.open({ config, takeModel, selected, logger });
  try {
    return await assemble(config, equipment, model, onInspected);
  } catch (error) {
    await model.stop();
    throw error;
  }
}

async function assemble(
  config: StationConfig,
  equipment: StationEquipment,
  model: StationRecipes,
  onInspected: InspectionListener,
): Promise<RunningStation> {
  const { camera, sensors, ledger, output, clock, logger } = equipment;
  const closing = new AbortController();
  await sensors.start(closing.signal);
  const tally = new StationTally(config.name, (await ledger.totals(config.name)).counts);
  const { region, rotate, color } = config.camera;
  const quality = qualityGate(config, equipment);
  const inspector = new Inspector({
    ...equipment,
    station: config,
    view: { rotate, color, ...(region !== undefined && { region }) },
    models: model.model.slot,
    recipes: model.recipes,
    ...(quality !== undefined && { quality }),
    onInspected: (inspection, seq) => {
      tally.add(inspection, seq);
      station.inspected({ inspection, seq });
      onInspected(inspection, seq);
    },
    onUnrecorded: (inspection) => {
      tally.addUnrecorded(inspection);
      onInspected(inspection, null);
    },
  });
  const trigger = triggerOf(config, equipment);
  const station = new Station({
    config,
    camera,
    ...(trigger !== undefined && { trigger }),
    inspector,
    ...(output !== undefined && { output }),
    newPartId: () => uuidv7(),
    clock,
    logger,
  });
  await output?.start(
    () => conditionOf(config, equipment, station, inspector),
    () => renewTrigger(config, equipment),
  );
  return {
    name: config.name,
    get info() {
      return model.info;
    },
    get models() {
      return model.models;
    },
    modelOf: (recipe) => model.modelOf(recipe),
    get recipes() {
      return { names: model.recipes.names, inForce: model.recipes.inForce.name };
    },
    selectRecipe: (name) => model.select(name),
    pause: (pause) => station.gate.close(pause),
    resume: () => station.gate.open(),
    get paused() {
      return station.gate.pause;
    },
    inspectNow: (signal, wish) => station.inspectNow(signal, wish),
    setThresholds: (change) => model.setThresholds(change),
    get thresholds() {
      return model.model.thresholds;
    },
    snapshot: async (width, signal) => {
      const frame = await station.tap.next(signal);
      return frame && { frame, jpeg: await equipment.encoder.toJpeg(frame.image, equipment.jpegQuality, width) };
    },
    tally,
    health: [
      ...stationHealth(config.name, equipment),
      pauseHealth(config.name, station.gate),
      model.health,
      { where: picturesPlace(config.name), trouble: () => quality?.trouble },
    ],
    settle: (signal) => connected(sensors, signal),
    run: (signal) => station.run(signal),
    state: (atMs, shed) =>
      tally.state(atMs, {
        shed,
        camera: camera.status(),
        dropped: station.dropped,
        stale: station.stale,
        turnedAway: station.gate.turnedAway,
        pause: station.gate.pause,
        failed: inspector.failed,
        ...(output !== undefined && { plc: { ...inspector.writeBack, ...output.figures() } }),
        model: model.info,
        thresholds: model.model.thresholds,
        ...(model.recipes.names.length > 0 && { recipe: model.recipes.inForce.name ?? null }),
      }),
    busyMs: () => inspector.busyMs,
    alive: (timeoutMs) => model.alive(timeoutMs),
    stop: async () => {
      await output?.stop();
      closing.abort();
      await sensors.stop();
      await model.stop();
    },
  };
}

function qualityGate({ quality }: StationConfig, { meter, logger }: StationEquipment): QualityGate | undefined {
  if (quality === undefined || meter === undefined) return undefined;
  const { reference: _, warnAfter, ...limits } = quality;
  return new QualityGate({ meter, limits: present(limits), warnAfter, logger });
}

async function connected(sensors: SensorSource, signal: AbortSignal): Promise<void> {
  const until = performance.now() + SENSOR_GRACE_MS;
  while (sensors.status().state !== 'connected' && performance.now() < until && !signal.aborted) {
    await sleep(SENSOR_POLL_MS, signal);
  }
}

function triggerOf({ trigger }: StationConfig, { watcher, clock }: StationEquipment): Trigger | undefined {
  if (trigger.kind === 'timer') return timerTrigger(trigger.everyMs, clock);
  if (trigger.kind === 'tag' && watcher !== undefined) return tagTrigger(trigger, watcher, clock);
  return undefined;
}

/** A paused station lets parts go by uninspected: nobody may forget it. */
function pauseHealth(name: string, gate: PauseGate): HealthSource {
  return {
    where: stationPlace(name),
    trouble: () => {
      if (gate.pause === undefined) return undefined;
      const { sinceMs, by, reason } = gate.pause;
      const why = reason === undefined ? '' : ` (${reason})`;
      return `paused since ${isoUtc(sinceMs)} by ${by}${why}: parts are not inspected. The command resume ends it.`;
    },
  };
}

function renewTrigger({ trigger }: StationConfig, { watcher }: StationEquipment): void {
  if (trigger.kind === 'tag') watcher?.renew(trigger.nodeId);
}

/** What the PLC may count on. A trigger that is not watched yet would be missed. */
function conditionOf(
  { trigger }: StationConfig,
  { camera, watcher }: StationEquipment,
  station: Station,
  inspector: Inspector,
): StationCondition {
  if (inspector.busyMs > HUNG_INFERENCE_MS) return 'hung';
  const blind = trigger.kind === 'tag' && watcher?.sees(trigger.nodeId) !== true;
  const closed = !station.isRunning || station.gate.pause !== undefined;
  return blind || closed || camera.status().state === 'failed' ? 'unavailable' : 'ready';
}

function stationHealth(name: string, { camera, sensors, output }: StationEquipment): HealthSource[] {
  return [
    ...(output === undefined ? [] : [{ where: `PLC output of ${name}`, trouble: () => output.trouble() }]),
    {
      where: cameraPlace(name),
      trouble: () => (camera.status().state === 'failed' ? camera.status().text : undefined),
    },
    {
      where: `sensors of ${name}`,
      trouble: () => (sensors.status().state === 'degraded' ? sensors.status().text : undefined),
    },
  ];
}
