import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { stationForRecipe } from '../config/recipe-station.js';
import type { Config } from '../config/schema/index.js';
import type { StationConfig } from '../config/schema/station.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import { keysForRestart } from './config-difference.js';
import type { HealthSource, Trouble } from './health.js';
import type { LoadedModel, LoadedModels } from './loaded-models.js';
import { type ModelChoice, modelChoice } from './model-choice.js';
import { modelFields } from './model-fields.js';
import { modelFolder } from './model-folder.js';

/** A station whose model can be changed while it runs; one with recipes is several of these. */
export interface ReloadableStation {
  readonly name: string;
  /** The recipe whose model it is; absent for the station's own. */
  readonly recipe?: string;
  readonly info: ClassifierInfo;
  readonly modelKey: string;
  /** @throws JidokaError (config) where the station's rules do not fit; the model in use goes on then */
  changeModel(next: LoadedModel): void;
}

export interface ModelReloadOptions {
  /** What the agent was started with. */
  readonly running: Config;
  /** Reads the configuration as it stands now. */
  readonly readConfig: () => Promise<Config>;
  readonly models: LoadedModels;
  readonly logger: Logger;
}

/**
 * Changes the models of stations that run to what the configuration and the packages say now. A new model is loaded,
 * checked and warmed beside the one in use, which stays whatever fails. Of the rest of the configuration nothing is
 * applied.
 */
export class ModelReload {
  readonly #options: ModelReloadOptions;
  #troubles: readonly Trouble[] = [];
  #stopping = false;

  constructor(options: ModelReloadOptions) {
    this.#options = options;
  }

  /** What the last reload could not do, until one succeeds. */
  get health(): readonly HealthSource[] {
    return this.#troubles.map(({ where, text }) => ({ where, trouble: () => text }));
  }

  /** Never rejects: what fails is logged and shown by `health`. `onChanged` is called for each change. */
  async run(stations: readonly ReloadableStation[], onChanged: (station: ReloadableStation) => void): Promise<void> {
    if (this.#stopping) return;
    const { running, logger } = this.#options;
    logger.info({}, 'Reading the configuration again; models that have changed are taken into use.');
    const config = await this.#options.readConfig().catch((error: unknown) => {
      logger.error({}, `The configuration cannot be used, so every model stays as it is: ${messageOf(error)}`);
    });
    if (config === undefined) {
      const text = 'it could not be used when it was read again, see the log; the models stay as they were';
      this.#troubles = [{ where: 'configuration', text }];
      return;
    }
    const keys = keysForRestart(running, config);
    if (keys.length > 0) {
      logger.warn({ keys }, 'The configuration has changed beyond the models; that takes effect at a restart only.');
    }
    const troubles: Trouble[] = [];
    let changed = 0;
    for (const station of stations) {
      const result = await this.#reload(station, config);
      if (result === 'changed') {
        changed += 1;
        onChanged(station);
      } else if (typeof result === 'object') troubles.push(result);
    }
    this.#troubles = troubles;
    logger.info({ changed, failed: troubles.length }, 'The models have been looked at.');
  }

  /** No model is changed from here on; what is being loaded is let go of when it is ready. */
  stop(): void {
    this.#stopping = true;
  }

  /**
   * Takes a model into use that the configuration does not name, until the next reload or start. Resolves with false when
   * the signal aborted before it was ready.
   * @throws a `config` JidokaError of the model; the one in use goes on then
   */
  async select(
    station: ReloadableStation,
    wanted: { readonly package: string; readonly variant?: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { running } = this.#options;
    const configured = configuredFor(running, station)?.model;
    const choice: ModelChoice = {
      path: modelFolder(wanted.package, running.inference.models, '/'),
      variant: wanted.variant,
      providers: configured?.providers ?? running.inference.providers,
    };
    const outcome = await this.#change(station, choice, () => this.#stopping || signal.aborted);
    return outcome !== 'given up';
  }

  async #reload(station: ReloadableStation, config: Config): Promise<'changed' | 'same' | 'given up' | Trouble> {
    const wanted = configuredFor(config, station);
    if (wanted === undefined || this.#stopping) return 'same';
    try {
      return await this.#change(station, modelChoice(config, wanted), () => this.#stopping);
    } catch (error) {
      const { name, version } = station.info.model;
      const text = `${name} ${version} goes on, since the model could not be changed: ${messageOf(error)}`;
      this.#options.logger.error({ station: placeOf(station) }, text);
      return { where: `model of ${placeOf(station)}`, text };
    }
  }

  /** @throws what speaks against the model; the one in use goes on then */
  async #change(
    station: ReloadableStation,
    choice: ModelChoice,
    givenUp: () => boolean,
  ): Promise<'changed' | 'same' | 'given up'> {
    const next = await this.#options.models.take(choice);
    try {
      if (next.key === station.modelKey || givenUp()) {
        await next.release();
        return next.key === station.modelKey ? 'same' : 'given up';
      }
      station.changeModel(next);
    } catch (error) {
      await next.release();
      throw error;
    }
    const { logger } = this.#options;
    logger.info(modelFields(next.info), `Station ${placeOf(station)} judges with this model from the next part on.`);
    return 'changed';
  }
}

/** What a configuration says of the station, as it is for parts of the recipe. */
function configuredFor({ stations }: Config, { name, recipe }: ReloadableStation): StationConfig | undefined {
  const station = stations.find((configured) => configured.name === name);
  return station === undefined || recipe === undefined ? station : stationForRecipe(station, recipe);
}

function placeOf({ name, recipe }: ReloadableStation): string {
  return recipe === undefined ? name : `${name}, recipe ${recipe}`;
}
