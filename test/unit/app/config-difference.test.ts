import { describe, expect, it } from 'vitest';
import { keysForRestart } from '#jidoka/app/config-difference.js';
import { type Config, configSchema } from '#jidoka/config/schema/index.js';

const raw = {
  version: 1,
  gateway: { name: 'gw' },
  inference: { models: '/models', providers: ['cpu'] },
  mqtt: { url: 'mqtt://broker:1883', username: 'u', password: { env: 'SECRET' } },
  opcua: { plc: { endpoint: 'opc.tcp://plc:4840' } },
  stations: [
    { name: 'a', camera: { kind: 'directory', path: '/photos' }, model: { package: 'tile' } },
    { name: 'b', camera: { kind: 'simulated' }, model: { package: 'tile' } },
  ],
};
const running = configSchema.parse(raw);
const [a, b] = raw.stations;

describe('keysForRestart', () => {
  it.each<[string, object, string[]]>([
    ['nothing', {}, []],
    ['the choice of models', { inference: { models: '/other', providers: ['cuda'] } }, []],
    ['the order of stations', { stations: [b, a] }, []],
    ['a model and its variant', { stations: [{ ...a, model: { package: 'x', variant: 'int8' } }, b] }, []],
    ['the number of workers', { inference: { ...raw.inference, workers: 3 } }, ['inference.workers']],
    ['a password', { mqtt: { ...raw.mqtt, password: { env: 'OTHER' } } }, ['mqtt.password.env']],
    [
      'where a password is',
      { mqtt: { ...raw.mqtt, password: { file: '/f' } } },
      ['mqtt.password.env', 'mqtt.password.file'],
    ],
    ['a server more', { opcua: { ...raw.opcua, plc2: raw.opcua.plc } }, ['opcua.plc2']],
    ['a station less', { stations: [a] }, ['stations.b']],
    ['a folder', { stations: [{ ...a, camera: { ...a?.camera, path: '/p' } }, b] }, ['stations.a.camera.path']],
    [
      'a rule and a list',
      {
        stations: [
          a,
          { ...b, verdict: { classes: { crack: { action: 'review' } } }, sensors: [{ name: 's', nodeId: 'i=1' }] },
        ],
      },
      ['stations.b.sensors', 'stations.b.verdict.classes.crack'],
    ],
  ])('tells of %s', (_, change, keys) => {
    const next: Config = configSchema.parse({ ...raw, ...change });
    expect(keysForRestart(running, next).sort()).toEqual(keys);
  });

  it('tells of a recipe and its rules, not of its model', () => {
    const withRecipes = (recipes: object): Config => configSchema.parse({ ...raw, stations: [{ ...a, recipes }, b] });
    const before = withRecipes({ lid: { model: { package: 'x' } } });
    expect(keysForRestart(before, withRecipes({ lid: { model: { package: 'y', variant: 'int8' } } }))).toEqual([]);
    expect(keysForRestart(before, withRecipes({ lid: {} }))).toEqual([]);
    expect(keysForRestart(before, withRecipes({ lid: {}, box: {} }))).toEqual(['stations.a.recipes.box']);
    const stricter = withRecipes({ lid: { verdict: { minimumPassConfidence: 0.9 } } });
    expect(keysForRestart(before, stricter)).toEqual(['stations.a.recipes.lid.verdict']);
  });
});
