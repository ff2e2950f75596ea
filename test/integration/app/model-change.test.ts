import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoadedModels } from '#jidoka/app/loaded-models.js';
import { ModelReload, type ReloadableStation } from '#jidoka/app/model-reload.js';
import { StationModel } from '#jidoka/app/station-model.js';
import { type Logger, silentLogger } from '#jidoka/base/logger.js';
import { type Config, configSchema } from '#jidoka/config/schema/index.js';
import type { Image } from '#jidoka/domain/frame.js';
import { OnnxClassifier } from '#jidoka/vision/classifier.js';
import {
  changeManifest,
  goldenPicture,
  type TinyModel,
  tinyModel,
  tinyVariant,
  writeTinyPackage,
} from '../../simulators/onnx.js';

/** A machine may have other work. */
const PATIENT = { timeout: 20_000 };
/** Calls dark pictures good. */
const INVERSE: TinyModel = { weights: [-10, 10], biases: [5, -5] };
const bright: Image = { kind: 'raw', format: 'grey8', width: 8, height: 8, data: new Uint8Array(64).fill(255) };

let folder: string;
let threads: Worker[];
let models: LoadedModels;
let stations: StationModel[];
const noteThread = (thread: Worker): void => void threads.push(thread);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jidoka-change-'));
  threads = [];
  stations = [];
  process.on('worker', noteThread);
  models = new LoadedModels(
    (model, providers) =>
      new OnnxClassifier({ model, providers, workers: 1, maxImagePixels: 1_000_000, logger: silentLogger }),
  );
});
afterEach(async () => {
  process.off('worker', noteThread);
  await Promise.all(stations.map((station) => station.stop()));
  expect(running()).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

const running = (): number => threads.filter(({ threadId }) => threadId !== -1).length;

function configOf(names: readonly string[], model: object = {}, verdict: object = {}): Config {
  return configSchema.parse({
    version: 1,
    gateway: { name: 'gw' },
    mqtt: { url: 'mqtt://broker:1883' },
    stations: names.map((name) => ({
      name,
      camera: { kind: 'simulated' },
      model: { package: join(folder, 'tiny'), ...model },
      verdict,
    })),
  });
}

interface Line {
  readonly reload: () => Promise<void>;
  readonly troubles: () => string[];
  readonly log: string[];
  readonly changed: string[];
  readonly setConfig: (config: Config | Error) => void;
}

/** Stations that run with what the config says, and their reload. */
async function line(config: Config): Promise<Line> {
  const log: string[] = [];
  const changed: string[] = [];
  const note = (_: object, text: string): void => void log.push(text);
  const logger: Logger = { ...silentLogger, info: note, warn: note, error: note };
  let next: Config | Error = config;
  const readConfig = async (): Promise<Config> => {
    if (next instanceof Error) throw next;
    return next;
  };
  const reload = new ModelReload({ running: config, readConfig, models, logger });
  const named: ReloadableStation[] = [];
  for (const station of config.stations) {
    const { package: path, variant, providers = ['cpu'] } = station.model;
    const model = new StationModel(station, await models.take({ path, variant, providers }), logger);
    stations.push(model);
    named.push({
      name: station.name,
      get info() {
        return model.info;
      },
      get modelKey() {
        return model.key;
      },
      changeModel: (taken) => model.change(taken),
    });
  }
  return {
    reload: () => reload.run(named, ({ name }) => void changed.push(name)),
    troubles: () => reload.health.map(({ where, trouble }) => `${where}: ${trouble()}`),
    log,
    changed,
    setConfig: (given) => {
      next = given;
    },
  };
}

const version = (index = 0): string => stations[index]?.info.model.version ?? '';

async function labelOfBright(index = 0): Promise<string | undefined> {
  return stations[index]?.slot.use(
    async ({ classifier }) => (await classifier.classify(bright, { rotate: 0 })).classification.label,
  );
}

describe('the models of stations', () => {
  it('are changed to a higher version that has appeared, and the one before ends', async () => {
    await writeTinyPackage(folder);
    const { reload, changed, troubles } = await line(configOf(['a']));
    expect(await labelOfBright()).toBe('good');
    await writeTinyPackage(folder, INVERSE, undefined, '1.1.0');
    await reload();
    expect([version(), await labelOfBright()]).toEqual(['1.1.0', 'defect1']);
    expect(changed).toEqual(['a']);
    expect(troubles()).toEqual([]);
    await expect.poll(running, PATIENT).toBe(1);
    expect(threads).toHaveLength(2);
  });

  it('stay the very same where nothing has changed', async () => {
    await writeTinyPackage(folder);
    const { reload, changed } = await line(configOf(['a', 'b']));
    await reload();
    expect(changed).toEqual([]);
    expect(threads).toHaveLength(1);
    expect(await labelOfBright(1)).toBe('good');
  });

  it('are shared, before a change and after it', async () => {
    await writeTinyPackage(folder);
    const { reload, changed } = await line(configOf(['a', 'b', 'c']));
    expect(threads).toHaveLength(1);
    await writeTinyPackage(folder, INVERSE, undefined, '2.0.0');
    await reload();
    expect(changed).toEqual(['a', 'b', 'c']);
    expect(threads).toHaveLength(2);
    await expect.poll(running, PATIENT).toBe(1);
    expect([version(0), version(1), version(2)]).toEqual(['2.0.0', '2.0.0', '2.0.0']);
  });

  it('are changed where the same place holds other weights, another threshold or another variant is named', async () => {
    const path = await writeTinyPackage(folder);
    const { reload, setConfig } = await line(configOf(['a']));
    const first = stations[0]?.info;
    await writeTinyPackage(folder, INVERSE);
    await reload();
    expect(stations[0]?.info.model.sha256).not.toBe(first?.model.sha256);
    expect(await labelOfBright()).toBe('defect1');
    await changeManifest(path, (manifest) => ({
      ...manifest,
      variants: {
        fp32: tinyVariant(tinyModel(INVERSE), { goodThreshold: 0.9 }),
        other: tinyVariant(tinyModel(), { file: 'other.onnx' }),
      },
    }));
    await writeFile(join(path, 'other.onnx'), tinyModel());
    await reload();
    expect(stations[0]?.slot.current).toMatchObject({
      info: { goodThreshold: 0.9, variant: 'fp32' },
      policy: { minimumPassConfidence: 0.9 },
    });
    setConfig(configOf(['a'], { variant: 'other' }));
    await reload();
    expect([stations[0]?.info.variant, await labelOfBright()]).toEqual(['other', 'good']);
    await expect.poll(running, PATIENT).toBe(1);
  });

  it('finish a part by the thresholds it began with, and end only after it', async () => {
    await writeTinyPackage(folder);
    const { reload } = await line(configOf(['a']));
    const [station] = stations;
    let go: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const part = station?.slot.use(async ({ classifier, policy }) => {
      await gone;
      await classifier.classify(bright, { rotate: 0 });
      return policy.minimumPassConfidence;
    });
    const configured = station?.thresholds.good;
    station?.setThresholds({ good: 0.95 });
    expect(station?.thresholds).toMatchObject({ good: 0.95, changed: true });
    await writeTinyPackage(folder, INVERSE, undefined, '1.1.0');
    await reload();
    expect(station?.thresholds).toMatchObject({ good: configured, changed: false });
    expect(running()).toBe(2);
    go();
    expect(await part).toBe(configured);
    await expect.poll(running, PATIENT).toBe(1);
  });

  it('finish the part that is with them', async () => {
    await writeTinyPackage(folder);
    const { reload } = await line(configOf(['a']));
    let go: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const part = stations[0]?.slot.use(async ({ classifier, info }) => {
      await gone;
      const { classification } = await classifier.classify(bright, { rotate: 0 });
      return [info.model.version, classification.label];
    });
    await writeTinyPackage(folder, INVERSE, undefined, '1.1.0');
    await reload();
    expect(running()).toBe(2);
    expect(await labelOfBright()).toBe('defect1');
    go();
    expect(await part).toEqual(['1.0.0', 'good']);
    await expect.poll(running, PATIENT).toBe(1);
  });
});

describe('a model that cannot be taken', () => {
  /** Writes version 1.1.0 with a fault; the model in use has to go on. */
  const faults: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    [
      'whose file is another',
      () =>
        writeTinyPackage(
          folder,
          INVERSE,
          (manifest) => ({ ...manifest, variants: { fp32: tinyVariant(tinyModel()) } }),
          '1.1.0',
        ),
      'MODEL_HASH_MISMATCH',
    ],
    ['whose manifest says nothing', () => writeTinyPackage(folder, {}, () => ({}), '1.1.0'), 'MODEL_MANIFEST_INVALID'],
    [
      'whose golden samples give other scores',
      async () => {
        const path = await writeTinyPackage(folder, INVERSE, undefined, '1.1.0');
        const samples = [await goldenPicture(path, 'bright', 255, { fp32: [1, 0] })];
        await changeManifest(path, (manifest) => ({ ...manifest, golden: { tolerance: 0.01, samples } }));
      },
      'MODEL_GOLDEN_MISMATCH',
    ],
    [
      'whose graph is another',
      () =>
        writeTinyPackage(
          folder,
          { width: 4 },
          (manifest) => ({ ...manifest, input: { ...(manifest['input'] as object), width: 8 } }),
          '1.1.0',
        ),
      'MODEL_GRAPH_MISMATCH',
    ],
    [
      'without a class that a rule of the station names',
      () => writeTinyPackage(folder, INVERSE, (manifest) => ({ ...manifest, labels: ['good', 'dent'] }), '1.1.0'),
      'PIPELINE_UNKNOWN_CLASS',
    ],
  ];

  it.each(faults)(
    '%s: the one in use goes on, the health tells, and all is well once it is mended',
    async (_, write, code) => {
      await writeTinyPackage(folder);
      const rules = { classes: { defect1: { action: 'review' } } };
      const { reload, troubles, changed, log } = await line(configOf(['a'], {}, rules));
      await write();
      await reload();
      expect(troubles()).toEqual([
        expect.stringMatching(
          new RegExp(`^model of a: tiny 1\\.0\\.0 goes on, since the model could not be changed: ${code}: `),
        ),
      ]);
      expect(log).toContainEqual(expect.stringContaining(code));
      expect([version(), await labelOfBright()]).toEqual(['1.0.0', 'good']);
      expect(stations[0]?.slot.current.policy.classes.get('defect1')).toMatchObject({ action: 'review' });
      await Promise.all(
        threads
          .slice(1)
          .filter(({ threadId }) => threadId !== -1)
          .map((thread) => once(thread, 'exit')),
      );
      expect(changed).toEqual([]);

      await rm(join(folder, 'tiny', '1.1.0'), { recursive: true });
      await writeTinyPackage(folder, INVERSE, undefined, '1.1.0');
      await reload();
      expect(troubles()).toEqual([]);
      expect([version(), await labelOfBright()]).toEqual(['1.1.0', 'defect1']);
      await expect.poll(running, PATIENT).toBe(1);
    },
  );

  it('does not keep another station from taking it whose rules fit', async () => {
    await writeTinyPackage(folder);
    const config = configOf(['a', 'b']);
    const [first, second] = config.stations;
    if (first === undefined || second === undefined) throw new Error('two stations');
    const rules = { defect1: { action: 'review' as const, threshold: 0.5 } };
    const strict = { ...first, verdict: { ...first.verdict, classes: rules } };
    const { reload, troubles, changed } = await line({ ...config, stations: [strict, second] });
    await writeTinyPackage(folder, {}, (manifest) => ({ ...manifest, labels: ['good', 'dent'] }), '1.1.0');
    await reload();
    expect(changed).toEqual(['b']);
    expect(troubles()).toEqual([expect.stringMatching(/^model of a: .*PIPELINE_UNKNOWN_CLASS/)]);
    expect([version(0), version(1)]).toEqual(['1.0.0', '1.1.0']);
    // Each station has its own model now, and both run.
    expect(running()).toBe(2);
  });
});

describe('a configuration that is read again', () => {
  it('changes nothing where it cannot be used, and the trouble ends with the next good one', async () => {
    await writeTinyPackage(folder);
    const { reload, troubles, log, setConfig } = await line(configOf(['a']));
    await writeTinyPackage(folder, INVERSE, undefined, '1.1.0');
    setConfig(new Error('jidoka.yaml:3:1  The key `modl` is not known.'));
    await reload();
    expect(version()).toBe('1.0.0');
    expect(troubles()).toEqual([expect.stringMatching(/^configuration: /)]);
    expect(log).toContainEqual(expect.stringContaining('jidoka.yaml:3:1'));
    setConfig(configOf(['a']));
    await reload();
    expect([version(), ...troubles()]).toEqual(['1.1.0']);
  });

  it('tells which other keys need a restart, and applies none of them', async () => {
    await writeTinyPackage(folder);
    const { reload, log, setConfig } = await line(configOf(['a']));
    setConfig(configOf(['a'], {}, { minimumPassConfidence: 0.99 }));
    await reload();
    expect(log).toContain('The configuration has changed beyond the models; that takes effect at a restart only.');
    expect(stations[0]?.slot.current.policy.minimumPassConfidence).toBe(0.5);
  });
});
