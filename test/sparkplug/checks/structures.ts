import type { Metric, PropertySet, Template } from '../payload.js';
import {
  bornSessions,
  both,
  type Check,
  type Checks,
  type Evidence,
  each,
  metricsOf,
  sentOf,
  shared,
} from '../view.js';

interface Found {
  readonly type: string;
  readonly metric: Metric;
}

const everyMetric = (evidence: Evidence): Found[] =>
  sentOf(evidence, 'NBIRTH', 'DBIRTH', 'NDATA', 'DDATA').flatMap(({ type = '', message }) =>
    metricsOf(message).flatMap((metric) => deep(type, metric)),
  );

function deep(type: string, metric: Metric): Found[] {
  const template = templateOf(metric);
  return [{ type, metric }, ...(template?.metrics ?? []).flatMap((member) => deep(type, member))];
}

function templateOf({ values }: Metric): Template | undefined {
  const value = values.find(({ field }) => field === 'template_value')?.value;
  return value as Template | undefined;
}

const sets = (evidence: Evidence): (PropertySet & { readonly type: string })[] =>
  everyMetric(evidence).flatMap(({ type, metric: { properties } }) =>
    properties === undefined ? [] : [{ ...properties, type }],
  );

const sameSize: Check = each(
  sets,
  ({ keys, values }) => keys.length !== values.length && `${keys.length} keys for ${values.length} values`,
);

const properties = (evidence: Evidence) =>
  sets(evidence).flatMap(({ type, keys, values }) =>
    values.map((value, index) => ({ type, key: keys[index] ?? '', value })),
  );

const isType = (type: number | undefined): boolean =>
  type !== undefined && Number.isInteger(type) && type >= 1 && type <= 34;

const qualities = (evidence: Evidence) => properties(evidence).filter(({ key }) => key === 'Quality');

export const propertySetChecks: Checks = {
  ...shared(['payloads-propertyset-keys-array-size', 'payloads-propertyset-values-array-size'], sameSize),
  ...shared(
    ['payloads-metric-propertyvalue-type-type', 'payloads-metric-propertyvalue-type-value'],
    each(
      properties,
      ({ key, value }) => value.type !== undefined && !isType(value.type) && `${key} has type ${value.type}`,
    ),
  ),
  'payloads-metric-propertyvalue-type-req': each(
    (evidence) => properties(evidence).filter(({ type }) => type.endsWith('BIRTH')),
    ({ key, value }) => value.type === undefined && `${key} has no type`,
  ),
  'payloads-propertyset-quality-value-type': each(
    qualities,
    ({ value }) => value.type !== 3 && `Quality has type ${value.type}`,
  ),
  'payloads-propertyset-quality-value-value': each(
    qualities,
    ({
      value: {
        values: [value],
      },
    }) =>
      (value?.field !== 'int_value' || !['0', '192', '500'].includes(String(value.value))) &&
      `Quality is ${JSON.stringify(value)}`,
  ),
};

interface FoundTemplate {
  readonly type: string;
  readonly name: string;
  readonly template: Template;
}

const templates = (evidence: Evidence): FoundTemplate[] =>
  everyMetric(evidence).flatMap(({ type, metric }) => {
    const template = templateOf(metric);
    return template === undefined ? [] : [{ type, name: metric.name ?? `alias ${metric.alias}`, template }];
  });

/** What says that it is one, or what has no reference: either alone would be a mistake. */
const definitions = (evidence: Evidence) =>
  templates(evidence).filter(({ template }) => template.isDefinition === true);
const instances = (evidence: Evidence) => templates(evidence).filter(({ template }) => template.isDefinition !== true);

/** Each instance with the definition of the same name in the NBIRTH before it. */
function defined(
  evidence: Evidence,
): { readonly instance: FoundTemplate; readonly definition: Template | undefined }[] {
  return bornSessions(evidence).flatMap(({ sent }) => {
    let known = new Map<string | undefined, Template>();
    return sent.flatMap(({ type = '', message }) => {
      const found = metricsOf(message)
        .flatMap((metric) => deep(type, metric))
        .flatMap(({ metric }) => {
          const template = templateOf(metric);
          return template === undefined ? [] : [{ type, name: metric.name ?? `alias ${metric.alias}`, template }];
        });
      if (type === 'NBIRTH')
        known = new Map(
          found.filter(({ template }) => template.isDefinition).map(({ name, template }) => [name, template]),
        );
      return found
        .filter(({ template }) => template.isDefinition !== true)
        .map((instance) => ({ instance, definition: known.get(instance.template.ref) }));
    });
  });
}

const names = ({ metrics }: Template): (string | undefined)[] => metrics.map(({ name }) => name);

const hasDefinition: Check = each(
  defined,
  ({ instance, definition }) =>
    definition === undefined && `${instance.name} refers to ${instance.template.ref}, which no NBIRTH defines`,
);

const noStrangers: Check = each(defined, ({ instance, definition }) => {
  const known = definition === undefined ? [] : names(definition);
  const strangers = names(instance.template).filter((name) => !known.includes(name));
  return strangers.length > 0 && `${instance.name} has ${strangers.join(', ')}, which its definition lacks`;
});

const allMembers: Check = each(
  (evidence) => defined(evidence).filter(({ instance: { type } }) => type.endsWith('BIRTH')),
  ({ instance, definition }) => {
    const missing = names(definition ?? { metrics: [], parameters: [] }).filter(
      (name) => !names(instance.template).includes(name),
    );
    return missing.length > 0 && `${instance.name} lacks ${missing.join(', ')} in a birth`;
  },
);

const flagged: Check = each(
  templates,
  ({ name, template }) => template.isDefinition === undefined && `${name} does not say whether it is a definition`,
);
const definitionHasNoRef: Check = each(
  definitions,
  ({ name, template }) => template.ref !== undefined && `${name} refers to ${template.ref}`,
);
const instanceHasRef: Check = each(instances, ({ name, template }) => !template.ref && `${name} names no definition`);
const onlyInNodeBirths: Check = both(
  each(definitions, ({ name, type }) => type !== 'NBIRTH' && `${name} is defined in a ${type}`),
  hasDefinition,
);
const saysDefinition: Check = both(
  flagged,
  each(
    (evidence) => templates(evidence).filter(({ template }) => template.ref === undefined),
    ({ name, template }) => template.isDefinition !== true && `${name} is no definition`,
  ),
);
const saysInstance: Check = both(
  flagged,
  each(
    (evidence) => templates(evidence).filter(({ template }) => template.ref !== undefined),
    ({ name, template }) => template.isDefinition !== false && `${name} is no instance`,
  ),
);

export const templateChecks: Checks = {
  ...shared(['topics-nbirth-templates', 'payloads-template-definition-nbirth'], hasDefinition),
  'payloads-template-definition-nbirth-only': onlyInNodeBirths,
  ...shared(
    ['payloads-template-definition-is-definition', 'payloads-template-is-definition-definition'],
    saysDefinition,
  ),
  ...shared(['payloads-template-definition-ref', 'payloads-template-ref-definition'], definitionHasNoRef),
  ...shared(
    [
      'payloads-template-definition-members',
      'payloads-template-instance-members',
      'payloads-template-instance-members-data',
    ],
    noStrangers,
  ),
  'payloads-template-instance-members-birth': allMembers,
  ...shared(['payloads-template-instance-is-definition', 'payloads-template-is-definition-instance'], saysInstance),
  'payloads-template-is-definition': flagged,
  ...shared(['payloads-template-instance-ref', 'payloads-template-ref-instance'], both(instanceHasRef, hasDefinition)),
  'payloads-template-version': each(
    templates,
    ({ name, template: { version } }) => version?.includes('\uFFFD') && `the version of ${name} is no UTF-8`,
  ),
};

/** True where the edge node sent a structure of this kind: then its assertions apply. */
export function usesDataSets(evidence: Evidence): boolean {
  return everyMetric(evidence).some(({ metric: { values } }) => values.some(({ field }) => field === 'dataset_value'));
}

export function usesTemplateParameters(evidence: Evidence): boolean {
  return templates(evidence).some(({ template }) => template.parameters.length > 0);
}
