import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorDefinition } from '#jidoka/base/errors.js';

export interface Catalogue {
  /** The folder of `src` that the errors belong to. */
  readonly folder: string;
  readonly definitions: Readonly<Record<string, ErrorDefinition>>;
}

/** Every catalogue that a `src/FOLDER/errors.ts` exports, in the order of the folders' names. */
export async function readCatalogues(root: string): Promise<readonly Catalogue[]> {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'base')
    .map((entry) => entry.name)
    .filter((folder) => existsSync(join(root, 'src', folder, 'errors.ts')))
    .sort();
  const catalogues: Catalogue[] = [];
  for (const folder of folders) {
    const file = join(root, 'dist', folder, 'errors.js');
    if (!existsSync(file)) throw new Error(`${file} is missing: build first (npm run build)`);
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    const definitions = Object.values(module)
      .filter(hasDefinitions)
      .map((catalogue) => catalogue.definitions);
    if (definitions.length > 0) catalogues.push({ folder, definitions: Object.assign({}, ...definitions) });
  }
  return catalogues;
}

function hasDefinitions(value: unknown): value is { readonly definitions: Record<string, ErrorDefinition> } {
  return typeof value === 'object' && value !== null && 'definitions' in value && typeof value.definitions === 'object';
}

const INTRODUCTION = `# Errors

Generated from the code by \`npm run docs\`. Every error that jidoka reports in its log, on the console or in a status
carries one of these codes; the codes are stable, the sentences may improve. Beside the code an error says where it
happened, what was found and what was expected.

| consequence | what the daemon does |
|---|---|
| config | it exits with 78 and systemd does not restart it: somebody has to change something |
| transient | it tries again by itself, waiting longer each time |
| degraded | it goes on; the part concerned is judged \`review\`, never silently passed |
| fatal | it finishes what is under way and exits with 1; systemd restarts it |
`;

export function renderErrorReference(catalogues: readonly Catalogue[]): string {
  const sections = catalogues.map(({ folder, definitions }) => {
    const entries = Object.entries(definitions).sort(([left], [right]) => (left < right ? -1 : 1));
    return [`## ${folder}`, ...entries.map(([code, definition]) => renderError(code, definition))].join('\n\n');
  });
  return `${[INTRODUCTION.trimEnd(), ...sections].join('\n\n')}\n`;
}

function renderError(code: string, { consequence, summary, remedy }: ErrorDefinition): string {
  return `### ${code}\n\n*${consequence}*. ${summary}\n\n${remedy}`;
}
