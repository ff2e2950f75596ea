import { resolve } from 'node:path';
import type { CameraConfig } from '../config/schema/camera.js';
import type { SecretReference } from '../config/schema/common.js';
import type { Config } from '../config/schema/index.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import type { OpcuaServerConfig } from '../config/schema/opcua-server.js';
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
  const server = ({ users, certificate, pki, ...rest }: OpcuaServerConfig): OpcuaServerConfig => ({
    ...rest,
    users: users.map((user) => ({ ...user, password: secret(user.password) })),
    ...(certificate !== undefined && { certificate: { cert: at(certificate.cert), key: at(certificate.key) } }),
    ...(pki !== undefined && { pki: at(pki) }),
  });
  const { storage, inference, mqtt, destinations, opcua, opcuaServer, stations } = config;
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
    ...(opcuaServer !== undefined && { opcuaServer: server(opcuaServer) }),
    inference: { ...inference, ...(inference.models !== undefined && { models: at(inference.models) }) },
    stations: stations.map((station) => ({
      ...station,
      camera: camera(station.camera),
      model: { ...station.model, package: modelFolder(station.model.package, inference.models, baseDirectory) },
    })),
  };
}
