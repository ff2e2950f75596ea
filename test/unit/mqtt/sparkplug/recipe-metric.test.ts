import { expect, it } from 'vitest';
import type { CommandName } from '#jidoka/domain/command.js';
import { DeviceMetrics } from '#jidoka/mqtt/sparkplug/device-metrics.js';
import { Aliases } from '#jidoka/mqtt/sparkplug/metric-table.js';
import { DataType } from '#jidoka/mqtt/sparkplug/payload.js';
import { stationState } from '../../../simulators/messages.js';

function device(recipe?: string, allowed: readonly CommandName[] = ['select-recipe']): DeviceMetrics {
  const description = {
    name: 'press',
    sensors: [],
    goodThreshold: null,
    thresholds: {},
    camera: 'camera of press',
    plcs: [],
    ...(recipe !== undefined && { recipe }),
  };
  return new DeviceMetrics(description, new Set(allowed), new Aliases(), () => 0);
}

const metricOf = (metrics: DeviceMetrics) => metrics.birth(true).find(({ name }) => name === 'Control/Recipe');

it('is there for a station with recipes alone, and follows its state', () => {
  expect(metricOf(device())).toBeUndefined();
  const metrics = device('lid');
  expect(metricOf(metrics)?.value).toBe('lid');
  metrics.state({ ...stationState(), recipe: 'housing' });
  expect(metrics.changes().find(({ name }) => name === 'Control/Recipe')?.value).toBe('housing');
  metrics.state({ ...stationState(), recipe: null });
  expect(metricOf(metrics)?.value).toBe('');
});

it('asks for the recipe that is written, or for what the configuration says', () => {
  const write = (value: string) => device('lid').write({ name: 'Control/Recipe', type: DataType.String, value });
  expect(write('housing')).toMatchObject({ command: 'select-recipe', arguments: { recipe: 'housing' } });
  expect(write('')).toMatchObject({ command: 'select-recipe', arguments: {} });
});
