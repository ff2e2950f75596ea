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
  opcuaServer: {
    users: [{ name: 'mes', password: { file: 'secrets/mes' } }],
    certificate: { cert: 'server.pem', key: '/etc/server.key' },
    pki: 'pki',
  },
  stations: [
    { name: 'a', camera: { kind: 'directory', path: 'photos' }, model: { package: 'tile/1.0.0' } },
    {
      name: 'c',
      camera: {
        kind: 'http',
        url: 'https://camera/jpg',
        username: 'u',
        password: { file: 'camera' },
        tls: { ca: 'camera.pem', serverName: 'camera' },
      },
      model: { package: 'tile' },
      recipes: { lid: { model: { package: 'lid' } }, box: {} },
      quality: { reference: 'quality/c.json' },
    },
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
    expect(absolute.opcuaServer).toMatchObject({
      users: [{ password: { file: '/etc/jidoka/secrets/mes' } }],
      certificate: { cert: '/etc/jidoka/server.pem', key: '/etc/server.key' },
      pki: '/etc/jidoka/pki',
    });
    expect(absolute.stations[1]).toMatchObject({
      recipes: { lid: { model: { package: '/etc/jidoka/my-models/lid' } }, box: {} },
      quality: { reference: '/etc/jidoka/quality/c.json' },
    });
    expect(absolute.stations[0]).toMatchObject({
      camera: { path: '/etc/jidoka/photos' },
      model: { package: '/etc/jidoka/my-models/tile/1.0.0' },
    });
    expect(absolute.stations[1]?.camera).toMatchObject({
      url: 'https://camera/jpg',
      password: { file: '/etc/jidoka/camera' },
      tls: { ca: '/etc/jidoka/camera.pem', serverName: 'camera' },
    });
  });

  it('leaves absolute paths and other references as they are', () => {
    expect(absolute.mqtt.tls?.cert).toBe('/etc/own.pem');
    expect(absolute.opcua['plc']?.password).toEqual({ env: 'PLC' });
    expect(absolute.stations[2]?.model.package).toBe('/opt/models/tile/1.0.0');
  });

  it('finds the models that come with jidoka where no folder is configured', () => {
    const { models: _, ...inference } = config.inference;
    const shipped = withAbsolutePaths({ ...config, inference }, '/etc');
    expect(shipped.stations[0]?.model.package).toMatch(/\/models\/tile\/1\.0\.0$/);
    expect(shipped.stations[0]?.model.package).not.toMatch(/^\/etc/);
  });

  it.each([
    [{ input: 'films/a.mp4' }, '/etc/jidoka/films/a.mp4'],
    [{ input: '/films/a.mp4' }, '/films/a.mp4'],
    [{ input: 'rtsp://camera/stream1' }, 'rtsp://camera/stream1'],
    [{ input: 'testsrc=s=64x48', inputOptions: ['-f', 'lavfi'] }, 'testsrc=s=64x48'],
  ])('takes what FFmpeg opens for a file only where it is one: %j', (camera, input) => {
    const login = { username: 'u', password: { file: 'camera-password' } };
    const station = { name: 'a', camera: { kind: 'ffmpeg', ...camera, ...login }, model: { package: 'tile' } };
    const other = { name: 'b', camera: { kind: 'rtsp', url: 'rtsp://c/', ...login }, model: { package: 'tile' } };
    const { stations } = withAbsolutePaths(
      configSchema.parse({
        version: 1,
        gateway: { name: 'gw' },
        mqtt: { url: 'mqtt://b' },
        stations: [station, other],
      }),
      '/etc/jidoka',
    );
    const password = { file: '/etc/jidoka/camera-password' };
    expect(stations.map((entry) => entry.camera)).toMatchObject([{ input, password }, { password }]);
  });
});
