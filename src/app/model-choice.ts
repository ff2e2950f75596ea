import type { Config } from '../config/schema/index.js';
import type { StationConfig } from '../config/schema/station.js';

/** What the configuration says of a station's model. */
export interface ModelChoice {
  /** A package folder, or the folder of its versions, of which the highest is meant at the time of looking. */
  readonly path: string;
  /** Default: the package's default variant. */
  readonly variant: string | undefined;
  /** Execution providers in order of preference. */
  readonly providers: readonly string[];
}

export function modelChoice({ inference }: Config, { model }: StationConfig): ModelChoice {
  return { path: model.package, variant: model.variant, providers: model.providers ?? inference.providers };
}
