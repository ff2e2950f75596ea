import { v7 as uuidv7 } from 'uuid';
import { type Clock, isoUtc } from '../base/clock.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import { Inspector } from '../pipeline/inspect.js';
import type { PauseGate } from '../pipeline/pause-gate.js';
import { Station } from '../pipeline/station.js';
import { StationTally } from '../pipeline/station-state.js';
import { type Trigger, tagTrigger, timerTrigger } from '../pipeline/trigger.js';
import type { Camera } from '../ports/camera.js';
import type { ImageEncoder } from '../ports/image-encoder.js';
import type { Ledger } from '../ports/ledger.js';
import type { SensorSource, TagWatcher } from '../ports/sensors.js';
import type { VerdictOutput } from '../ports/verdict-output.js';
import { cameraPlace, type HealthSource, stationPlace } from './health.js';
import type { LoadedModel } from './loaded-models.js';
import { StationModel } from './station-model.js';
import type { InspectionListener, RunningStation, StationPlan } from './station-plan.js';

const SENSOR_GRACE_MS = 3000;
const SENSOR_POLL_MS = 25;

export interface StationEquipment {
  readonly camera: Camera;
  readonly sensors: SensorSource;
  /** Loads and warms the model that the configuration names. */
  readonly takeModel: () => Promise<LoadedModel>;
  readonly encoder: ImageEncoder;
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
  const loaded = await equipment.takeModel();
  try {
    return await assemble(config, equipment, loaded, onInspected);
  } catch (error) {
    await loaded.release();
    throw error;
  }
}

async function assemble(
  config: StationConfig,
  equipment: StationEquipment,
  loaded: LoadedModel,
  onInspected: InspectionListener,
): Promise<RunningStation> {
  const { camera, sensors, ledger, output, clock, logger } = equipment;
  const model = new StationModel(config, loaded, logger);
  const closing = new AbortController();
  await sensors.start(closing.signal);
  await output?.start();
  const tally = new StationTally(config.name, (await ledger.totals(config.name)).counts);
  const { region, rotate, color } = config.camera;
  const inspector = new Inspector({
    ...equipment,
    station: config,
    view: { rotate, color, ...(region !== undefined && { region }) },
    models: model.slot,
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
    newPartId: () => uuidv7(),
    clock,
    logger,
  });
  return {
    name: config.name,
    get info() {
      return model.info;
    },
    get modelKey() {
      return model.key;
    },
    changeModel: (next) => model.change(next),
    pause: (pause) => station.gate.close(pause),
    resume: () => station.gate.open(),
    get paused() {
      return station.gate.pause;
    },
    inspectNow: (signal, wish) => station.inspectNow(signal, wish),
    setThresholds: (change) => model.setThresholds(change),
    get thresholds() {
      return model.thresholds;
    },
    snapshot: async (width, signal) => {
      const frame = await station.tap.next(signal);
      return frame && { frame, jpeg: await equipment.encoder.toJpeg(frame.image, equipment.jpegQuality, width) };
    },
    tally,
    health: [...stationHealth(config.name, equipment), pauseHealth(config.name, station.gate)],
    settle: (signal) => connected(sensors, signal),
    run: (signal) => station.run(signal),
    state: (atMs, shed) =>
      tally.state(atMs, {
        shed,
        camera: camera.status(),
        dropped: station.dropped,
        turnedAway: station.gate.turnedAway,
        pause: station.gate.pause,
        failed: inspector.failed,
        model: model.info,
        thresholds: model.thresholds,
      }),
    busyMs: () => inspector.busyMs,
    alive: (timeoutMs) => model.slot.current.classifier.alive(timeoutMs),
    stop: async () => {
      await output?.stop();
      closing.abort();
      await sensors.stop();
      await model.stop();
    },
  };
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

function stationHealth(name: string, { camera, sensors }: StationEquipment): HealthSource[] {
  return [
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
