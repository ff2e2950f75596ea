import { type Command, InvalidArgumentError } from 'commander';
import { OBJECTS_FOLDER, plainNodeId, walk } from '../opcua/tools/browse.js';
import { sensorsText } from '../opcua/tools/config-text.js';
import { printable } from '../opcua/tools/printable.js';
import { matching, readTags, type Tag } from '../opcua/tools/tags.js';
import { visit } from '../opcua/tools/visit.js';
import { addTargetOptions, type TargetOptions, targetOf, untilInterrupted } from './opcua-target.js';
import { guardOutput, print } from './open-model.js';

interface Options extends TargetOptions {
  readonly find?: string;
  readonly from: string;
  readonly limit: number;
  readonly maxNodes: number;
  readonly maxDepth: number;
  readonly maxSeconds: number;
  readonly json?: true;
}

interface Found {
  readonly tags: readonly Tag[];
  /** How many fit, of which `tags` are the first. */
  readonly matched: number;
  readonly visited: number;
  readonly incomplete: string | null;
}

export function registerOpcuaBrowse(opcua: Command): void {
  addTargetOptions(opcua.command('browse'))
    .description('find tags by name: value, type, unit, and the sensors for the configuration')
    .argument('<server>', 'address of a server, or its name in the configuration')
    .option('-f, --find <words>', 'only tags whose path or NodeId has all these words')
    .option('--from <nodeId>', 'where to begin', OBJECTS_FOLDER)
    .option('--limit <count>', 'tags to print', count, 50)
    .option('--max-nodes <count>', 'nodes to look at', count, 50_000)
    .option('--max-depth <count>', 'levels to go down', count, 12)
    .option('--max-seconds <count>', 'longest search', count, 60)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
The server's own diagnostics are left out; --from i=2253 looks at them.

Examples:
  jidoka opcua browse opc.tcp://plc1:4840 --find temp
  jidoka opcua browse opc.tcp://plc1:4840 --secure --username jidoka --state /var/lib/jidoka
  sudo -u jidoka jidoka opcua browse press --config /etc/jidoka/jidoka.yaml --find "press tonnage"`,
    )
    .action(browse);
}

async function browse(server: string, options: Options): Promise<void> {
  guardOutput();
  const target = await targetOf(server, options);
  await untilInterrupted(target, async (signal) => {
    const found = await visit(target, signal, async ({ session, library }): Promise<Found> => {
      const { variables, visited, incomplete } = await walk(session, library, {
        from: plainNodeId(library.resolveNodeId(options.from)),
        maxNodes: options.maxNodes,
        maxDepth: options.maxDepth,
        maxMs: 1000 * options.maxSeconds,
        nowMs: () => performance.now(),
      });
      const fitting = matching(variables, options.find);
      const tags = await readTags(session, library, fitting.slice(0, options.limit));
      return { tags, matched: fitting.length, visited, incomplete };
    });
    if (found === undefined) return;
    if (found.tags.length === 0) process.exitCode = 1;
    await print(options.json === true ? `${JSON.stringify(found)}\n` : report(found, target.connection));
  });
}

function report({ tags, matched, visited, incomplete }: Found, connection: string | undefined): string {
  const rows = tags.map((tag) => [
    tag.path,
    printable(tag.nodeId),
    tag.writable ? `${tag.dataType} (writable)` : tag.dataType,
    valueText(tag),
    rangeText(tag),
  ]);
  const lines = rows.length === 0 ? ['No tag fits.'] : columns([['tag', 'NodeId', 'type', 'value', 'range'], ...rows]);
  if (matched > tags.length)
    lines.push(`… and ${matched - tags.length} more: narrow it with --find, or raise --limit.`);
  lines.push(`${visited} nodes were looked at${incomplete === null ? '' : `; ${incomplete}`}.`);
  const sensors = sensorsText(tags, connection);
  if (sensors !== '') lines.push('', '# For a station in the configuration:', sensors.trimEnd());
  return `${lines.join('\n')}\n`;
}

function valueText({ value, unit, problem, status }: Tag): string {
  if (value === null) return status === 'Good' ? (problem ?? '-') : status;
  const shown = typeof value === 'number' ? Number(value.toPrecision(7)) : value;
  const text = [String(shown), unit ?? ''].join(' ').trim();
  return status === 'Good' ? text : `${text} (${status})`;
}

function rangeText({ range }: Tag): string {
  return range === null ? '' : `${range.low} to ${range.high}`;
}

/** All to the left: what is searched for is text. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A whole number above 0. */
export function count(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}
