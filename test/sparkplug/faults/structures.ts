import type { Metric } from '../payload.js';
import type { Type } from '../view.js';
import { type Copy, type Fault, found, last, metricsOf, publishes, templates } from './find.js';

function eachTemplate(
  copy: Copy,
  definition: boolean,
  type: Type,
  change: (template: ReturnType<typeof templates>[number]) => void,
): void {
  const list = templates(copy, definition, type);
  found(list[0], 'template');
  for (const template of list) change(template);
}

export const templateFaults: readonly Fault[] = [
  {
    name: 'no definitions in the NBIRTH',
    breaks: [
      'topics-nbirth-templates',
      'payloads-template-definition-nbirth',
      'payloads-template-definition-members',
      'payloads-template-instance-members',
      'payloads-template-instance-members-data',
    ],
    commit: (copy) => {
      for (const { message } of publishes(copy, 'NBIRTH')) {
        const payload = found(message.payload, 'payload');
        payload.metrics = payload.metrics.filter(({ values }) => values[0]?.field !== 'template_value');
      }
    },
  },
  {
    name: 'a definition in a DBIRTH',
    breaks: ['payloads-template-definition-nbirth-only'],
    commit: (copy) =>
      metricsOf(last(copy, 'DBIRTH')).push(
        found(
          publishes(copy, 'NBIRTH')
            .flatMap(({ message }) => metricsOf(message))
            .find(({ values }) => values[0]?.field === 'template_value'),
          'definition',
        ),
      ),
  },
  {
    name: 'a definition that says it is none',
    breaks: ['payloads-template-definition-is-definition', 'payloads-template-is-definition-definition'],
    commit: (copy) =>
      eachTemplate(copy, true, 'NBIRTH', (template) => {
        template.isDefinition = false;
      }),
  },
  {
    name: 'a definition with a reference',
    breaks: ['payloads-template-definition-ref', 'payloads-template-ref-definition'],
    commit: (copy) =>
      eachTemplate(copy, true, 'NBIRTH', (template) => {
        template.ref = 'other';
      }),
  },
  {
    name: 'an instance that says nothing of itself',
    breaks: [
      'payloads-template-is-definition',
      'payloads-template-instance-is-definition',
      'payloads-template-is-definition-instance',
    ],
    commit: (copy) =>
      eachTemplate(copy, false, 'DBIRTH', (template) => {
        delete template.isDefinition;
      }),
  },
  {
    name: 'an instance without a reference',
    breaks: ['payloads-template-instance-ref', 'payloads-template-ref-instance'],
    commit: (copy) =>
      eachTemplate(copy, false, 'DDATA', (template) => {
        delete template.ref;
      }),
  },
  {
    name: 'an instance in a birth without its members',
    breaks: ['payloads-template-instance-members-birth'],
    commit: (copy) =>
      eachTemplate(copy, false, 'DBIRTH', (template) => {
        template.metrics = [];
      }),
  },
  {
    name: 'a version that is no UTF-8',
    breaks: ['payloads-template-version'],
    commit: (copy) =>
      eachTemplate(copy, true, 'NBIRTH', (template) => {
        template.version = '\uFFFD';
      }),
  },
];

export const propertyFaults: readonly Fault[] = [
  {
    name: 'a key without a value',
    breaks: ['payloads-propertyset-keys-array-size', 'payloads-propertyset-values-array-size'],
    commit: (copy) => void propertySets(copy)[0]?.keys.push('more'),
  },
  {
    name: 'a type that does not exist',
    breaks: ['payloads-metric-propertyvalue-type-type', 'payloads-metric-propertyvalue-type-value'],
    commit: (copy) => {
      quality(copy).type = 99;
    },
  },
  {
    name: 'a property without a type',
    breaks: ['payloads-metric-propertyvalue-type-req', 'payloads-propertyset-quality-value-type'],
    commit: (copy) => {
      for (const { values } of propertySets(copy)) for (const value of values) delete value.type;
    },
  },
  {
    name: 'a quality that does not exist',
    breaks: ['payloads-propertyset-quality-value-value'],
    commit: (copy) => {
      quality(copy).values = [{ field: 'int_value', value: '7' }];
    },
  },
];

function propertySets(copy: Copy): NonNullable<Metric['properties']>[] {
  const types = ['NBIRTH', 'DBIRTH', 'NDATA', 'DDATA'] as const;
  const metrics = types.flatMap((type) => publishes(copy, type).flatMap(({ message }) => metricsOf(message)));
  return metrics.flatMap(({ properties }) => properties ?? []);
}

function quality(copy: Copy) {
  const set = found(
    propertySets(copy).find(({ keys }) => keys.includes('Quality')),
    'quality',
  );
  return found(set.values[set.keys.indexOf('Quality')], 'quality');
}
