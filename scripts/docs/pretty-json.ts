const WIDTH = 118;

/** JSON for people: what fits on one line stands on one. */
export function prettyJson(value: unknown, indent = ''): string {
  const line = oneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= WIDTH - 30) {
    if (indent !== '' || typeof value !== 'object') return line;
  }
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((entry) => `${inner}${prettyJson(entry, inner)}`).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value as object).map(
    ([key, entry]) => `${inner}${JSON.stringify(key)}: ${prettyJson(entry, inner)}`,
  );
  return `{\n${entries.join(',\n')}\n${indent}}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}: ${oneLine(entry)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
