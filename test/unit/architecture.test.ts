import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

// Imports run downward only; folders of one layer never import each other. ARCHITECTURE.md draws the same picture.
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['domain'],
  ['ports'],
  ['config'],
  ['web', 'pipeline', 'camera', 'opcua', 'opcua-server', 'vision', 'store', 'mqtt', 'analytics'],
  ['app', 'simline'],
  ['cli'],
];
const layerOf = new Map(LAYERS.flatMap((folders, level) => folders.map((folder) => [folder, level] as const)));

/** Each native or protocol library lives in one folder (the simulated line is the other side of the wire). */
const LIBRARY_HOMES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^onnxruntime-node$/, ['vision']],
  [/^sharp$/, ['vision']],
  [/^better-sqlite3$/, ['store']],
  [/^mqtt$/, ['mqtt']],
  [/^node-opcua/, ['opcua', 'opcua-server', 'simline']],
  [/^aedes$/, ['simline']],
];

const MAX_LINES = 400;
const source = join(import.meta.dirname, '..', '..', 'src');

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourceFiles(): SourceFile[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && statSync(join(source, path)).isFile())
    .map((path) => {
      const text = readFileSync(join(source, path), 'utf8');
      const specifiers = text.matchAll(
        /(?:^|\n)\s*(?:import|export)\b[^;'"()=]*?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
      );
      return {
        path: path.split(sep).join('/'),
        folder: path.split(sep)[0] ?? '',
        text,
        imports: [...specifiers].map((match) => match[1] ?? match[2] ?? ''),
      };
    });
}

function resolveImport(from: SourceFile, specifier: string): string {
  const target = normalize(join(dirname(from.path), specifier))
    .split(sep)
    .join('/');
  return target.replace(/\.js$/, '.ts');
}

const files = sourceFiles();
const byPath = new Map(files.map((file) => [file.path, file]));

describe('architecture', () => {
  it('knows the layer of every folder', () => {
    expect([...new Set(files.map((file) => file.folder))].filter((folder) => !layerOf.has(folder))).toEqual([]);
  });

  it('imports downward only', () => {
    const upward = files.flatMap((file) =>
      file.imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveImport(file, specifier))
        .filter((target) => {
          const folder = target.split('/')[0] ?? '';
          return folder !== file.folder && (layerOf.get(folder) ?? 99) >= (layerOf.get(file.folder) ?? -1);
        })
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('has no cycle, type-only imports included', () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      const file = byPath.get(path);
      if (done.has(path) || file === undefined) return;
      for (const specifier of file.imports.filter((entry) => entry.startsWith('.'))) {
        walk(resolveImport(file, specifier), [...trail, path]);
      }
      done.add(path);
    };
    for (const file of files) walk(file.path, []);
    expect(cycles).toEqual([]);
  });

  it('keeps each native or protocol library in its folder', () => {
    const strays = files.flatMap((file) =>
      file.imports
        .filter((name) => LIBRARY_HOMES.some(([library, homes]) => library.test(name) && !homes.includes(file.folder)))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(strays).toEqual([]);
  });

  it('touches process in cli and app alone', () => {
    const strays = files
      .filter((file) => !['cli', 'app'].includes(file.folder) && /\bprocess\.(?!off\b)\w/.test(file.text))
      .map((file) => file.path);
    expect(strays).toEqual([]);
  });

  it(`has no file over ${MAX_LINES} lines`, () => {
    const long = [...files, ...testFiles()]
      .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });
});

function testFiles(): { path: string; text: string }[] {
  const folder = join(import.meta.dirname, '..');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: relative('.', join('test', path)), text: readFileSync(join(folder, path), 'utf8') }));
}
