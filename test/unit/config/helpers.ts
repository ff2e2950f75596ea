import { type LoadContext, loadConfig } from '#jidoka/config/load.js';
import type { Problem } from '#jidoka/config/problem.js';

/** The least that is valid; ends with a line break, so that keys of the top level can be appended. */
export const MINIMAL = `version: 1
gateway: { name: gw }
mqtt: { url: "mqtt://broker:1883" }
stations:
  - name: a
    camera: { kind: simulated }
    model:
      package: m/1.0.0
`;

export function problemsOf(source: string | Uint8Array, context?: LoadContext): readonly Problem[] {
  const result = loadConfig(source, 'f.yaml', context);
  return 'problems' in result ? result.problems : [];
}

/** The minimal file with other lines in its only station. */
export function withStation(lines: string, top = ''): string {
  const indented = lines.split('\n').map((line) => `    ${line}\n`);
  return `${MINIMAL}${indented.join('')}${top}`;
}
