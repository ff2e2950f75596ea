import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { DiscoveryMessage } from '#jidoka/domain/discovery.js';
import { type InspectionMessage, inspectionMessage } from '#jidoka/domain/message.js';
import type { StationState, StatusMessage } from '#jidoka/domain/state.js';
import {
  type discoveryPayloadSchema,
  type inspectionPayloadSchema,
  payloadSchemas,
  payloadSchemaText,
  type statePayloadSchema,
  type statusPayloadSchema,
} from '#jidoka/mqtt/payload-schemas.js';
import {
  exampleInspection,
  inspectionOfRegions,
  onlineStatus,
  stationState,
  unjudgedInspection,
} from '../../simulators/messages.js';

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

const schemas = payloadSchemas();

function validator(file: string) {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats.default(ajv);
  return ajv.compile(schemas[file] ?? {});
}

describe('payload schemas', () => {
  it('say the same as the types of the domain', () => {
    expectTypeOf<DeepReadonly<z.infer<typeof inspectionPayloadSchema>>>().toEqualTypeOf<
      DeepReadonly<InspectionMessage>
    >();
    expectTypeOf<DeepReadonly<z.infer<typeof statusPayloadSchema>>>().toEqualTypeOf<DeepReadonly<StatusMessage>>();
    expectTypeOf<DeepReadonly<z.infer<typeof discoveryPayloadSchema>>>().toEqualTypeOf<
      DeepReadonly<DiscoveryMessage>
    >();
    expectTypeOf<DeepReadonly<z.infer<typeof statePayloadSchema>>>().toEqualTypeOf<DeepReadonly<StationState>>();
  });

  it.each(Object.entries(schemas))('docs/schemas/%s is the generated one (npm run docs)', (file, schema) => {
    const committed = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'schemas', file), 'utf8');
    expect(committed).toBe(payloadSchemaText(schema));
  });

  it('take the examples of docs/mqtt.md', () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'mqtt.md'), 'utf8');
    const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json ?? ''));
    const forms = ['inspection', 'state', 'status', 'discovery'];
    expect(examples.map(({ schema }) => schema)).toEqual(forms.map((form) => `jidoka.${form}/1`));
    const files = forms.map((form) => `${form}.v1.json`);
    for (const [index, file] of files.entries()) {
      const validate = validator(file);
      expect(validate(examples[index]), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  it.each([
    ['inspection.v1.json', inspectionMessage(exampleInspection(), 1)],
    ['inspection.v1.json', inspectionMessage(unjudgedInspection(), 2)],
    ['inspection.v1.json', inspectionMessage(inspectionOfRegions(), 3)],
    ['status.v1.json', onlineStatus()],
    ['status.v1.json', onlineStatus({ health: 'degraded', troubles: [{ where: 'camera', text: 'No picture.' }] })],
    ['state.v1.json', stationState()],
    ['state.v1.json', stationState({ last: null, firstPassYield: null })],
  ])('%s takes what the agent sends, and additions to it', (file, message) => {
    const validate = validator(file);
    const parsed: object = JSON.parse(JSON.stringify(message));
    expect(validate(parsed), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...parsed, addedLater: { any: 'thing' } })).toBe(true);
  });

  it.each([
    ['inspection.v1.json', { ...inspectionMessage(exampleInspection(), 1), seq: 0 }],
    ['inspection.v1.json', { ...inspectionMessage(exampleInspection(), 1), verdict: 'maybe' }],
    ['inspection.v1.json', { ...inspectionMessage(exampleInspection(), 1), capturedAt: 'yesterday' }],
    ['inspection.v1.json', { ...inspectionMessage(exampleInspection(), 1), id: '7' }],
    ['inspection.v1.json', { ...inspectionMessage(exampleInspection(), 1), readings: undefined }],
    ['status.v1.json', { ...onlineStatus(), state: 'asleep' }],
    ['state.v1.json', { ...stationState(), counts: { pass: 1 } }],
  ])('%s refuses what is not a message', (file, message) => {
    expect(validator(file)(JSON.parse(JSON.stringify(message)))).toBe(false);
  });
});
