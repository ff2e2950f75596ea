import { resolve } from 'node:path';
import type { CameraConfig } from '../config/schema/camera.js';
import type { SecretReference } from '../config/schema/common.js';
import type { OpcuaConnectionConfig } from '../config/schema/connections.js';
import type { Config } from '../config/schema/index.js';
import type { ModelConfig } from '../config/schema/judging.js';
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
  const camera = (given: CameraConfig): CameraConfig => {
    if ('path' in given) return { ...given, path: at(given.path) };
    if (given.kind === 'http') {
      const { password, tls } = given;
      return {
        ...given,
        ...(password !== undefined && { password: secret(password) }),
        ...(tls?.ca !== undefined && { tls: { ...tls, ca: at(tls.ca) } }),
      };
    }
    if (given.kind !== 'rtsp' && given.kind !== 'ffmpeg') return given;
    const login = given.password === undefined ? {} : { password: secret(given.password) };
    if (given.kind === 'rtsp') return { ...given, ...login };
    return { ...given, ...login, ...(isFile(given) && { input: at(given.input) }) };
  };
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
  const connection = ({
    password,
    userCertificate: user,
    applicationCertificate: own,
    ...rest
  }: OpcuaConnectionConfig): OpcuaConnectionConfig => ({
    ...rest,
    ...(password !== undefined && { password: secret(password) }),
    ...(user !== undefined && { userCertificate: { cert: at(user.cert), key: at(user.key) } }),
    ...(own !== undefined && { applicationCertificate: { cert: at(own.cert), key: at(own.key) } }),
  });
  const server = ({ users, certificate, pki, ...rest }: OpcuaServerConfig): OpcuaServerConfig => ({
    ...rest,
    users: users.map((user) => ({ ...user, password: secret(user.password) })),
    ...(certificate !== undefined && { certificate: { cert: at(certificate.cert), key: at(certificate.key) } }),
    ...(pki !== undefined && { pki: at(pki) }),
  });
  const { storage, inference, mqtt, destinations, opcua, opcuaServer, stations } = config;
  const model = (given: ModelConfig): ModelConfig => ({
    ...given,
    package: modelFolder(given.package, inference.models, baseDirectory),
  });
  return {
    ...config,
    storage: { ...storage, ...(storage.directory !== undefined && { directory: at(storage.directory) }) },
    mqtt: destination(mqtt),
    destinations: Object.fromEntries(Object.entries(destinations).map(([name, entry]) => [name, destination(entry)])),
    opcua: Object.fromEntries(Object.entries(opcua).map(([name, entry]) => [name, connection(entry)])),
    ...(opcuaServer !== undefined && { opcuaServer: server(opcuaServer) }),
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

/** FFmpeg opens more than files: addresses, and with `-f` devices and generators that have names of their own. */
function isFile({
  input,
  inputOptions,
}: {
  readonly input: string;
  readonly inputOptions: readonly string[];
}): boolean {
  return !/^[a-z][a-z0-9+.-]*:/i.test(input) && !inputOptions.includes('-f');
}
