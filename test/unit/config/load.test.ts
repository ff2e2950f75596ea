import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { invalidConfig, loadConfig } from '#jidoka/config/load.js';
import { modelLabelReader } from '#jidoka/config/model-labels.js';
import { formatProblem, type Problem } from '#jidoka/config/problem.js';
import { MINIMAL, problemsOf } from './helpers.js';

const examples = join(import.meta.dirname, '..', '..', '..', 'config');

describe('loadConfig', () => {
  it('fills in every default of a minimal file', () => {
    const result = loadConfig(MINIMAL, 'min.yaml');
    expect(result).toMatchObject({
      config: {
        version: 1,
        gateway: { name: 'gw' },
        inference: { workers: 1, providers: ['cpu'] },
        mqtt: { protocol: 'auto', window: 50 },
        opcua: {},
        stations: [{ trigger: { kind: 'frame' }, sensors: [], images: 'fails-and-reviews', queue: { length: 8 } }],
        log: { level: 'info', format: 'auto' },
      },
    });
  });

  it('shows five faults of a file at once, each with its line and column', () => {
    const file = [
      'version: 1',
      'gateway: { name: gw }',
      'mqtt:',
      '  ulr: mqtt://broker',
      '  keepAliveSeconds: 2',
      'stations:',
      '  - name: a',
      '    camera: { kind: simulatd }',
      '    model: { package: m/1.0.0 }',
      '    images: sometimes',
    ].join('\n');
    expect(problemsOf(file).map(formatProblem)).toEqual([
      expect.stringMatching(/^f\.yaml:3:1 {2}`mqtt` lacks the key `url` .* {2}Add it, for example `url: mqtt:\/\//),
      'f.yaml:4:3  The key `ulr` is not known in `mqtt`.  Did you mean `url`?',
      'f.yaml:5:21  `keepAliveSeconds` must be at least 5, but is the number 2.  Write a whole number from 5 to 3600.',
      expect.stringMatching(
        /^f\.yaml:8:21 {2}`kind` must be one of .*, but is the text "simulatd"\. {2}Did you mean `simulated`\?$/,
      ),
      'f.yaml:10:13  `images` must be one of `all`, `fails-and-reviews`, `none`, but is the text "sometimes".  Write one of `all`, `fails-and-reviews`, `none`.',
    ]);
  });

  it.each(readdirSync(examples).filter((file) => file.endsWith('.yaml')))('accepts the example %s', (file) => {
    const text = readFileSync(join(examples, file), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./jidoka.schema.json');
    const result = loadConfig(text, file, {
      describeModel: modelLabelReader((name) => join(examples, '..', 'models', name)),
    });
    expect('problems' in result ? result.problems.map(formatProblem) : []).toEqual([]);
  });

  it('reports a missing key at its section, and at the entry in a list', () => {
    const file = 'version: 1\ngateway: {}\nmqtt: { url: mqtt://b }\nstations:\n  - camera: { kind: simulated }\n';
    expect(places(problemsOf(file))).toEqual(['2:1 gateway.name', '5:5 stations[0].name', '5:5 stations[0].model']);
  });

  it('reports an empty section at its key and says how to fill it or leave it out', () => {
    const [problem] = problemsOf(`${MINIMAL}opcua:\n`);
    expect(problem).toMatchObject({ line: 9, column: 1, what: '`opcua` is empty.' });
    expect(problem?.instead).toContain('remove the line');
  });

  it('names the place where a key belongs that stands elsewhere', () => {
    const [problem] = problemsOf(MINIMAL.replace('    model:', '    minimumPassConfidence: 0.5\n    model:'));
    expect(problem?.instead).toBe('It belongs to `stations[].verdict`: move it there.');
  });

  it('limits the number of problems and says how many are left', () => {
    const file = MINIMAL + Array.from({ length: 300 }, (_, index) => `extra${index}: 1\n`).join('');
    const problems = problemsOf(file);
    expect(problems).toHaveLength(201);
    expect(problems.at(-1)?.what).toBe('There are 100 more problems below.');
  });

  it('gives an error for a start that names the file and every problem', () => {
    const error = invalidConfig('f.yaml', problemsOf('version: 2\n'));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', consequence: 'config' });
    expect(error.message).toContain('f.yaml:1:10  `version` must be `1`');
  });
});

function places(problems: readonly Problem[]): string[] {
  return problems.map(({ line, column, path }) => `${line}:${column} ${path}`);
}
