import { describe, expect, it } from 'vitest';
import { discoveryMessage } from '#jidoka/mqtt/discovery.js';
import { topicsOf } from '#jidoka/mqtt/topic-catalogue.js';
import { baseTopic } from '#jidoka/mqtt/topics.js';
import { exampleDescription } from '../../simulators/mqtt-publisher-options.js';

const plain = { failsFirst: false, commands: [] };

describe('baseTopic', () => {
  it.each([
    [undefined, {}, 'jidoka'],
    [undefined, { enterprise: 'acme', cell: 'neck' }, 'acme/neck'],
    [undefined, { cell: 'e', line: 'd', area: 'c', site: 'b', enterprise: 'a' }, 'a/b/c/d/e'],
    ['plant/line4', { enterprise: 'acme' }, 'plant/line4'],
    ['{site}/quality/{gateway}', { site: 'berlin' }, 'berlin/quality/gw'],
    ['{enterprise}/{site}/x', { site: 'berlin' }, 'berlin/x'],
    ['pre-{line}', {}, 'pre-'],
    ['{site}', { site: '$1{line}', line: 'no' }, '$1{line}'],
  ])('%s with %o is %s', (template, location, expected) => {
    const destination = template === undefined ? {} : { baseTopic: template };
    expect(baseTopic({ name: 'gw', location }, destination)).toBe(expected);
  });
});

describe('the catalogue', () => {
  it('has the topics of each station, and the urgent ones only where the config asks for them', () => {
    const topics = (failsFirst: boolean) =>
      topicsOf('b', ['s', 't'], { ...plain, failsFirst }).map(({ topic, station }) => [topic, station]);
    const urgent = [
      ['b/s/urgent', 's'],
      ['b/t/urgent', 't'],
    ];
    expect(topics(true)).toEqual(expect.arrayContaining(urgent));
    expect(topics(false)).toEqual(topics(true).filter(([topic]) => !topic?.endsWith('/urgent')));
  });
});

describe('discoveryMessage', () => {
  const message = (sensors: number) => {
    const [station] = exampleDescription().stations;
    const many = Array.from({ length: sensors }, (_, index) => ({ name: `sensor-${index}`, required: true }));
    const description = { location: {}, stations: station === undefined ? [] : [{ ...station, sensors: many }] };
    return discoveryMessage({ gateway: 'g', version: '1', baseTopic: 'b', config: plain, description });
  };

  it('holds the schema of every topic', () => {
    const { topics, schemas = {} } = message(2);
    expect(new Set(topics.map(({ schemaId }) => schemaId))).toEqual(new Set(Object.keys(schemas)));
    expect(Object.entries(schemas).map(([id, schema]) => id === schema['$id'])).not.toContain(false);
  });

  it('leaves the schemas out where brokers might not take them, and says all the rest', () => {
    const large = message(3000);
    expect(large.schemas).toBeUndefined();
    expect(large.stations[0]?.sensors).toHaveLength(3000);
    expect(large.topics).toEqual(message(2).topics);
  });
});
