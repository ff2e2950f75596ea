import { open } from 'node:fs/promises';
import { type JidokaError, messageOf } from '../base/errors.js';
import { checkCameras } from './checks/cameras.js';
import { checkConnections } from './checks/connections.js';
import { Cursor } from './checks/cursor.js';
import { checkSeveralDestinations } from './checks/destinations.js';
import { checkModels, type DescribeModel } from './checks/models.js';
import { checkDestinations } from './checks/mqtt.js';
import { checkOpcuaServer } from './checks/opcua-server.js';
import { checkPipelines } from './checks/pipelines.js';
import { checkRecipes } from './checks/recipes.js';
import { checkStations } from './checks/stations.js';
import { decodeConfig, MAX_CONFIG_BYTES } from './decode.js';
import { configErrors } from './errors.js';
import { explain } from './explain.js';
import { type Finding, formatPath, formatProblem, type Problem } from './problem.js';
import { type Config, configSchema } from './schema/index.js';
import { find, type Located, readYaml, type YamlTree } from './yaml-tree.js';

export interface LoadContext {
  /** Given, class rules are checked against the labels of the model packages that can be read. */
  readonly describeModel?: DescribeModel;
}

export type LoadResult = { readonly config: Config } | { readonly problems: readonly Problem[] };

/** More are not worth reading; the last one says how many were left out. */
const MAX_PROBLEMS = 200;

/**
 * Reads a configuration and gives it with every default filled in, or every problem at once in the order of the file.
 * Never throws for what stands in the file. `fileName` is only for the problems.
 */
export function loadConfig(source: string | Uint8Array, fileName: string, context: LoadContext = {}): LoadResult {
  const decoded = decodeConfig(source);
  if ('fault' in decoded) return { problems: [{ file: fileName, path: '', ...decoded.fault }] };
  const tree = readYaml(decoded.text);
  const { root } = tree;
  const empty = root.value === null && tree.faults.length === 0;
  if (empty || (root.value !== null && (typeof root.value !== 'object' || Array.isArray(root.value)))) {
    const what = empty ? 'The file is empty.' : 'The file is not a list of `key: value` lines at its top level.';
    const instead = 'Begin with `version: 1`; config/simulated-line.yaml is an example to copy.';
    const first = { file: fileName, line: 1, column: 1, path: '', what, instead };
    return { problems: [first, ...faultProblems(tree, fileName)] };
  }
  const parsed = root.value === null ? undefined : configSchema.safeParse(root.value);
  const findings = root.value === null ? [] : findAll(parsed?.error?.issues ?? [], root, context);
  const problems = [...faultProblems(tree, fileName), ...locate(findings, tree, fileName)];
  if (parsed?.success === true && problems.length === 0) return { config: parsed.data };
  return { problems: bounded(problems) };
}

function findAll(issues: Parameters<typeof explain>[0][], root: Located, context: LoadContext): readonly Finding[] {
  const cursor = new Cursor(root.value, []);
  return [
    ...issues.flatMap((issue) => explain(issue, root)),
    ...checkDestinations(cursor),
    ...checkConnections(cursor),
    ...checkCameras(cursor),
    ...checkPipelines(cursor),
    ...checkSeveralDestinations(cursor),
    ...checkOpcuaServer(cursor),
    ...checkStations(cursor),
    ...checkRecipes(cursor),
    ...(context.describeModel === undefined ? [] : checkModels(cursor, context.describeModel)),
  ];
}

function faultProblems(tree: YamlTree, file: string): readonly Problem[] {
  return tree.faults.map(({ offset, what, instead }) => ({
    file,
    ...tree.lineColumn(offset),
    path: '',
    what,
    instead,
  }));
}

/**
 * Gives findings their place. Behind a syntax error the tree is a guess, and findings there would send the reader
 * after faults that the file does not have.
 */
function locate(findings: readonly Finding[], tree: YamlTree, file: string): readonly Problem[] {
  return findings.flatMap(({ path, at, what, instead }) => {
    const section = deepest(tree.root, path.slice(0, -1));
    const located = at === 'missing' ? section : (find(tree.root, path) ?? section);
    const reach = at === 'key' ? located.offset : located.end;
    if (reach >= tree.soundUntil) return [];
    const emptyHere = located.value === null || at !== 'value';
    const offset = emptyHere ? (located.keyOffset ?? located.offset) : located.offset;
    return [{ file, ...tree.lineColumn(offset), path: formatPath(path), what, instead }];
  });
}

function deepest(root: Located, path: Finding['path']): Located {
  let at = root;
  for (const key of path) at = at.children.get(String(key)) ?? at;
  return at;
}

function bounded(problems: readonly Problem[]): readonly Problem[] {
  const unlike = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  const sorted = [...unlike.values()].sort((left, right) => left.line - right.line || left.column - right.column);
  const left = sorted.length - MAX_PROBLEMS;
  const last = sorted[MAX_PROBLEMS - 1];
  if (left <= 0 || last === undefined) return sorted;
  const more = {
    ...last,
    path: '',
    what: `There are ${left} more problems below.`,
    instead: 'Correct the first ones.',
  };
  return [...sorted.slice(0, MAX_PROBLEMS), more];
}

/**
 * Reads a configuration file; a pipe such as `/dev/stdin` will do. Throws CONFIG_FILE_UNREADABLE where it cannot be
 * read at all; what is wrong in it comes back as problems.
 */
export async function loadConfigFile(path: string, context: LoadContext = {}): Promise<LoadResult> {
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    throw configErrors.CONFIG_FILE_UNREADABLE({ where: path, got: reason(error), cause: error });
  }
  return loadConfig(bytes, path, context);
}

/** The error for a start with a configuration that has problems. */
export function invalidConfig(file: string, problems: readonly Problem[]): JidokaError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return configErrors.CONFIG_INVALID({ where: file, got: `${count}\n${problems.map(formatProblem).join('\n')}\n` });
}

/** One byte more than allowed at most, so that the check of the size sees that there is more. */
async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_CONFIG_BYTES + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? messageOf(error);
}
