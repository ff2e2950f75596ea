import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Kind = 'core' | 'conditional' | 'host';

export interface Assertion {
  /** Without the prefix `tck-id-`. */
  readonly id: string;
  readonly area: string;
  readonly kind: Kind;
  /** In our words. */
  readonly meaning: string;
}

const CONDITIONAL_AREAS = ['PropertySet', 'DataSet', 'Template'];
const HOST_AREA = 'Sent by the host';

/** The assertions of Sparkplug 3.0 that bear on an edge node: its own, and those for the commands it must accept. */
export const assertions: readonly Assertion[] = read();

function read(): Assertion[] {
  const lines = readFileSync(join(import.meta.dirname, 'assertions.txt'), 'utf8')
    .trim()
    .split('\n');
  let area = '';
  return lines.flatMap((line) => {
    if (line.startsWith('# ')) {
      area = line.slice(2);
      return [];
    }
    const [id = '', ...rest] = line.split(': ');
    return [{ id, area, kind: kindOf(area), meaning: rest.join(': ') }];
  });
}

function kindOf(area: string): Kind {
  if (area === HOST_AREA) return 'host';
  return CONDITIONAL_AREAS.includes(area) ? 'conditional' : 'core';
}
