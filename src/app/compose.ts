import { join } from 'node:path';
import { type Clock, isoUtc } from '../base/clock.js';
import type { Lifecycle } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { SecretReference } from '../config/schema/common.js';
import type { Config } from '../config/schema/index.js';
import type { StationConfig } from '../config/schema/station.js';
import { readSecretFile, resolveSecret } from '../config/secrets.js';
import { OpcuaConnection } from '../opcua/connection.js';
import { connectionFor } from '../opcua/connections.js';
import { OpcuaSensorSource } from '../opcua/sensor-source.js';
import { OpcuaTagWatcher } from '../opcua/tag-watcher.js';
import { OpcuaVerdictOutput } from '../opcua/verdict-output.js';
import { SqliteLedger } from '../store/sqlite-ledger.js';
import { OnnxClassifier } from '../vision/classifier.js';
import { JpegEncoder } from '../vision/jpeg-encoder.js';
import { PictureDecoder } from '../vision/picture-decoder.js';
import { QualityMeter } from '../vision/quality/quality-meter.js';
import { Agent, type AgentEvents } from './agent.js';
import { CommandExecutor } from './commands/command-executor.js';
import { composeDestinations } from './compose-destinations.js';
import { composeOpcuaServer } from './compose-opcua-server.js';
import { planStation } from './compose-station.js';
import { describeGateway } from './describe-gateway.js';
import { Destinations } from './destinations.js';
import { type HealthSource, serverPlace } from './health.js';
import { ledgerSettings } from './ledger-settings.js';
import { LoadedModels } from './loaded-models.js';
import { modelChoice } from './model-choice.js';
import { ModelReload } from './model-reload.js';
import { selectedRecipeIn } from './selected-recipe.js';
import { stationCamera } from './station-camera.js';
import type { StationPlan } from './station-plan.js';

export interface AgentSetup {
  /** With absolute paths. */
  readonly config: Config;
  /** Reads the configuration as it stands at the time of the call, with absolute paths. */
  readonly readConfig: () => Promise<Config>;
  readonly version: string;
  readonly stateDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Builds the agent that a config describes; nothing is opened before its `start`. The only place that knows every class.
 * @throws JidokaError (config) for a secret that cannot be read.
 */
export async function composeAgent(setup: AgentSetup, events: AgentEvents = {}): Promise<Agent> {
  const { config, stateDirectory, clock, logger } = setup;
  const ledger = new SqliteLedger({
    directory: stateDirectory,
    ...ledgerSettings(config),
    pid: process.pid,
    logger,
    ...(events.onStarting !== undefined && { onStarting: events.onStarting }),
  });
  const identity = {
    gateway: config.gateway.name,
    version: setup.version,
    startedAt: isoUtc(clock.nowMs()),
    stations: config.stations.map(({ name }) => name),
  };
  const commands = new CommandExecutor({ audit: ledger, clock, logger });
  const destinations = await composeDestinations({
    config,
    identity,
    describe: () => describeGateway(config, agent.models),
    outbox: ledger,
    commands,
    stateDirectory,
    secret: (reference) => secret(setup, reference),
    clock,
    logger,
  });
  const connections = await openableConnections(setup);
  const models = loadableModels(setup);
  const face = await composeOpcuaServer({
    ...setup,
    startedAtMs: clock.nowMs(),
    secret: (reference) => secret(setup, reference),
    audit: ledger,
  });
  const stations = await Promise.all(
    config.stations.map((station) => plan(setup, station, { ledger, connections, models })),
  );
  const agent: Agent = new Agent(
    {
      identity,
      ledger,
      destinations: new Destinations(destinations),
      connections: [...connections.values()].map(watched),
      stations,
      modelReload: new ModelReload({ running: config, readConfig: setup.readConfig, models, logger }),
      ...(takesCommands(config) && { commands }),
      ...(face !== undefined && { face }),
      clock,
      logger,
    },
    events,
  );
  return agent;
}

function takesCommands({ mqtt, destinations }: Config): boolean {
  return [mqtt, ...Object.values(destinations)].some(({ commands }) => commands.length > 0);
}

function secret({ environment, logger }: AgentSetup, reference: SecretReference): Promise<string> {
  return resolveSecret(reference, {
    environment,
    credentialsDirectory: environment['CREDENTIALS_DIRECTORY'],
    readFile: readSecretFile,
    warn: (text) => logger.warn({}, text),
  });
}

interface Shared {
  readonly ledger: SqliteLedger;
  readonly connections: ReadonlyMap<string, OpcuaConnection>;
  readonly models: LoadedModels;
}

async function plan(
  setup: AgentSetup,
  station: StationConfig,
  { ledger, connections, models }: Shared,
): Promise<StationPlan> {
  const { config, stateDirectory, clock } = setup;
  const { maxImagePixels } = config.inference;
  const logger = setup.logger.child({ station: station.name });
  const { trigger, output } = station;
  return planStation(station, {
    camera: await stationCamera(station, { originLog: ledger, logger, clock }, (reference) => secret(setup, reference)),
    sensors: new OpcuaSensorSource({ sensors: station.sensors, connections, clock }),
    takeModel: (wanted) => models.take(modelChoice(config, wanted)),
    selectedRecipe: selectedRecipeIn(stateDirectory, station.name),
    encoder: new JpegEncoder({ maxImagePixels }),
    decoder: new PictureDecoder({ maxImagePixels }),
    ...(station.quality !== undefined && {
      meter: new QualityMeter({ maxImagePixels, reference: station.quality.reference }),
    }),
    ledger,
    ...(trigger.kind === 'tag' && {
      watcher: new OpcuaTagWatcher({
        connection: connectionFor(connections, trigger.connection, `trigger of station ${station.name}`),
        logger,
      }),
    }),
    ...(output.plc !== undefined && {
      output: new OpcuaVerdictOutput({
        connection: connectionFor(connections, output.plc.connection, `PLC output of station ${station.name}`),
        config: output.plc,
        clock,
        logger,
      }),
    }),
    jpegQuality: config.storage.jpegQuality,
    clock,
    logger,
  });
}

function loadableModels({ config, logger }: AgentSetup): LoadedModels {
  const { workers, maxImagePixels } = config.inference;
  return new LoadedModels(
    (model, providers) => new OnnxClassifier({ model, providers, workers, maxImagePixels, logger }),
  );
}

async function openableConnections(setup: AgentSetup): Promise<Map<string, OpcuaConnection>> {
  const { config, stateDirectory, clock, logger } = setup;
  const connections = new Map<string, OpcuaConnection>();
  for (const [name, connection] of Object.entries(config.opcua)) {
    const options = {
      name,
      config: connection,
      ...(connection.password !== undefined && { password: await secret(setup, connection.password) }),
      pkiFolder: join(stateDirectory, 'pki'),
      applicationName: `jidoka ${config.gateway.name}`,
      clock,
      logger,
    };
    connections.set(name, new OpcuaConnection(options));
  }
  return connections;
}

/** The connection as the agent sees it: it starts, stops, and can be in trouble. */
function watched(connection: OpcuaConnection): Lifecycle & HealthSource {
  return {
    where: serverPlace(connection.name),
    start: (signal) => connection.start(signal),
    stop: () => connection.stop(),
    trouble: () => {
      const { state, text, clockNote } = connection.status();
      return state === 'disconnected' ? text : (clockNote ?? undefined);
    },
  };
}
