import { describe, expect, it } from 'vitest';
import { withAbsolutePaths } from '#jidoka/app/absolute-paths.js';
import { configSchema } from '#jidoka/config/schema/index.js';

const config = configSchema.parse({
  version: 1,
  gateway: { name: 'gw' },
  storage: { directory: 'state' },
  inference: { models: 'my-models' },
  mqtt: {
    url: 'mqtts://broker:8883',
    username: 'u',
    password: { file: 'secrets/mqtt' },
    tls: { ca: 'ca.pem', cert: '/etc/own.pem', key: '../own.key' },
  },
  destinations: { mes: { url: 'mqtts://mes', username: 'u', password: { file: 'mes' }, tls: { ca: 'mes.pem' } } },
  opcua: {
    plc: { endpoint: 'opc.tcp://plc:4840', username: 'u', password: { env: 'PLC' } },
    robot: {
      endpoint: 'opc.tcp://robot:4840',
      userCertificate: { cert: 'user.pem', key: '/keys/user.key' },
      applicationCertificate: { cert: 'own.der', key: '../own.key' },
    },
  },
  stations: [
    { name: 'a', camera: { kind: 'directory', path: 'photos' }, model: { package: 'tile/1.0.0' } },
    { name: 'b', camera: { kind: 'simulated' }, model: { package: '/opt/models/tile/1.0.0' } },
  ],
});

describe('withAbsolutePaths', () => {
  const absolute = withAbsolutePaths(config, '/etc/jidoka');

  it("lets every relative path start at the config file's folder", () => {
    expect(absolute.storage.directory).toBe('/etc/jidoka/state');
    expect(absolute.mqtt.password).toEqual({ file: '/etc/jidoka/secrets/mqtt' });
    expect(absolute.mqtt.tls).toMatchObject({ ca: '/etc/jidoka/ca.pem', key: '/etc/own.key' });
    expect(absolute.destinations['mes']).toMatchObject({
      url: 'mqtts://mes',
      password: { file: '/etc/jidoka/mes' },
      tls: { ca: '/etc/jidoka/mes.pem' },
    });
    expect(absolute.opcua['robot']).toMatchObject({
      endpoint: 'opc.tcp://robot:4840',
      userCertificate: { cert: '/etc/jidoka/user.pem', key: '/keys/user.key' },
      applicationCertificate: { cert: '/etc/jidoka/own.der', key: '/etc/own.key' },
    });
    expect(absolute.stations[0]).toMatchObject({
      camera: { path: '/etc/jidoka/photos' },
      model: { package: '/etc/jidoka/my-models/tile/1.0.0' },
    });
  });

  it('leaves absolute paths and other references as they are', () => {
    expect(absolute.mqtt.tls?.cert).toBe('/etc/own.pem');
    expect(absolute.opcua['plc']?.password).toEqual({ env: 'PLC' });
    expect(absolute.stations[1]?.model.package).toBe('/opt/models/tile/1.0.0');
  });

  it('finds the models that come with jidoka where no folder is configured', () => {
    const { models: _, ...inference } = config.inference;
    const shipped = withAbsolutePaths({ ...config, inference }, '/etc');
    expect(shipped.stations[0]?.model.package).toMatch(/\/models\/tile\/1\.0\.0$/);
    expect(shipped.stations[0]?.model.package).not.toMatch(/^\/etc/);
  });
});
