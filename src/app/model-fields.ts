import type { ClassifierInfo } from '../ports/classifier.js';

/** What the log says of a model that is taken into use. */
export function modelFields(info: ClassifierInfo): object {
  const { model, variant, provider, providerFallbacks, workers, license, dataSource } = info;
  return {
    model: `${model.name} ${model.version}`,
    variant,
    sha256: model.sha256.slice(0, 12),
    provider,
    ...(providerFallbacks.length > 0 && { fallbacks: providerFallbacks }),
    workers,
    license,
    dataSource,
  };
}
