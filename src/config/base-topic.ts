export const LOCATION_LEVELS = ['enterprise', 'site', 'area', 'line', 'cell'] as const;
export const PLACEHOLDERS = [...LOCATION_LEVELS, 'gateway'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** Fills the placeholders of a base topic; a level that is not given leaves no empty level behind. */
export function fillBaseTopic(template: string, lookUp: (placeholder: Placeholder) => string | undefined): string {
  return template
    .replace(/\{(\w+)\}/g, (whole, name: string) => (isPlaceholder(name) ? (lookUp(name) ?? '') : whole))
    .split('/')
    .filter((level) => level !== '')
    .join('/');
}

/** The names in braces that mean nothing. */
export function unknownPlaceholders(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}/]*)\}/g)].map((match) => match[1] ?? '').filter((name) => !isPlaceholder(name));
}

function isPlaceholder(name: string): name is Placeholder {
  return (PLACEHOLDERS as readonly string[]).includes(name);
}
