import { resolve } from 'node:path';
import type { CameraConfig } from '../config/schema/camera.js';
import type { SecretReference } from '../config/schema/common.js';
import type { Config } from '../config/schema/index.js';
import type { ModelConfig } from '../config/schema/judging.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import { modelFolder } from './model-folder.js';

/**
 * The config with every path made absolute: a relative one starts at `baseDirectory`, the config file's folder, so that
 * it means the same wherever the program is started.
 */
export function withAbsolutePaths(config: Config, baseDirectory: string): Config {
  const at = (path: string): string => resolve(baseDirectory, path);
  const secret = (reference: SecretReference): SecretReference =>
    'file' in reference ? { file: at(reference.file) } : reference;
  const camera = (given: CameraConfig): CameraConfig => ('path' in given ? { ...given, path: at(given.path) } : given);
  const destination = ({ password, tls, ...rest }: DestinationConfig): DestinationConfig => ({
    ...rest,
    ...(password !== undefined && { password: secret(password) }),
    ...(tls !== undefined && {
      tls: {
        ...tls,
        ...(tls.ca !== undefined && { ca: at(tls.ca) }),
        ...(tls.cert !== undefined && { cert: at(tls.cert) }),
        ...(tls.key !== undefined && { key: at(tls.key) }),
      },
    }),
  });
  const { storage, inference, mqtt, destinations, opcua, stations } = config;
  const model = (given: ModelConfig): ModelConfig => ({
    ...given,
    package: modelFolder(given.package, inference.models, baseDirectory),
  });
  return {
    ...config,
    storage: { ...storage, ...(storage.directory !== undefined && { directory: at(storage.directory) }) },
    mqtt: destination(mqtt),
    destinations: Object.fromEntries(Object.entries(destinations).map(([name, entry]) => [name, destination(entry)])),
    opcua: Object.fromEntries(
      Object.entries(opcua).map(([name, connection]) => [
        name,
        { ...connection, ...(connection.password !== undefined && { password: secret(connection.password) }) },
      ]),
    ),
    inference: { ...inference, ...(inference.models !== undefined && { models: at(inference.models) }) },
    stations: stations.map((station) => ({
      ...station,
      camera: camera(station.camera),
      model: model(station.model),
      recipes: Object.fromEntries(
        Object.entries(station.recipes).map(([name, { model: own, ...recipe }]) => [
          name,
          { ...recipe, ...(own !== undefined && { model: model(own) }) },
        ]),
      ),
      ...(station.quality?.reference !== undefined && {
        quality: { ...station.quality, reference: at(station.quality.reference) },
      }),
    })),
  };
}
