import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const dist = join(import.meta.dirname, '..', '..', '..', 'dist');

/** Everything that is loaded with a file: its static imports, and theirs. */
function loadedWith(entry: string): Set<string> {
  const seen = new Set<string>();
  const walk = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    if (!path.startsWith(dist)) return;
    const text = readFileSync(path, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^\s*(?:import|export)\b[^;'"()]*?['"]([^'"]+)['"]/gm)) {
      walk(specifier.startsWith('.') ? join(dirname(path), specifier) : specifier);
    }
  };
  walk(join(dist, entry));
  return seen;
}

describe('the OPC UA server', () => {
  it('is loaded in its own thread alone, which starts where one is configured', () => {
    const agent = loadedWith('app/compose.js');
    expect(agent).toContain(join(dist, 'opcua-server', 'machine-vision-face.js'));
    expect([...agent].filter((path) => path.startsWith('node-opcua'))).toEqual([]);
    expect(agent).not.toContain(join(dist, 'opcua-server', 'worker.js'));
    // The walk does find the libraries where they are imported.
    expect(loadedWith('opcua-server/machine-vision-server.js')).toContain('node-opcua-server');
  });
});
