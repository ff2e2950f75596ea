import type { Command } from 'commander';
import { isoUtc } from '../base/clock.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { watch } from '../opcua/tools/watch.js';
import { count } from './opcua-browse.js';
import { addTargetOptions, type TargetOptions, targetOf, untilInterrupted } from './opcua-target.js';
import { guardOutput } from './open-model.js';

interface Options extends TargetOptions {
  readonly count?: number;
  readonly interval: number;
  readonly json?: true;
}

export function registerOpcuaWatch(opcua: Command): void {
  addTargetOptions(opcua.command('watch'))
    .description('print the changes of tags as they come, until Ctrl-C')
    .argument('<server>', 'address of a server, or its name in the configuration')
    .argument('<nodeId...>', 'tags, such as "ns=2;s=Line1.Temperature"')
    .option('-n, --count <count>', 'end after so many lines', count)
    .option('--interval <ms>', 'how often the server looks at the tags', count, 200)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Each line has the time of the source, the tag, its value and the status. A tag that the server refuses is named on
standard error and stops no other; a connection that is lost is made again.

Examples:
  jidoka opcua watch opc.tcp://plc1:4840 "ns=2;s=Line1.Temperature"
  sudo -u jidoka jidoka opcua watch press --config /etc/jidoka/jidoka.yaml 'ns=3;s="Press"."Tonnage"' --count 10`,
    )
    .action(watchTags);
}

async function watchTags(server: string, nodeIds: readonly string[], options: Options): Promise<void> {
  guardOutput();
  const target = await targetOf(server, options);
  const width = Math.max(...nodeIds.map((nodeId) => nodeId.length));
  const refused = new Set<string>();
  let lines = 0;
  let finish: () => void = () => undefined;
  const enough = new Promise<void>((resolve) => {
    finish = resolve;
  });
  process.stdout.once('error', () => finish());
  await untilInterrupted(target, (signal) =>
    watch(
      {
        target,
        nodeIds: [...new Set(nodeIds)],
        samplingMs: options.interval,
        logger: terminalLogger,
        enough,
        onSample: (nodeId, { value, status, quality, sourceTimeMs, receivedAtMs, fault }) => {
          if (options.count !== undefined && lines >= options.count) return;
          lines += 1;
          const time = isoUtc(sourceTimeMs ?? receivedAtMs);
          const text =
            options.json === true
              ? JSON.stringify({ time, nodeId, value, quality, status })
              : `${time}  ${nodeId.padEnd(width)}  ${value ?? fault?.got ?? '-'}  ${status}`;
          process.stdout.write(`${text}\n`);
          if (lines === options.count) finish();
        },
        // The connection has said why.
        onRefused: (nodeId) => {
          refused.add(nodeId);
          process.exitCode = 1;
          if (refused.size === new Set(nodeIds).size) finish();
        },
      },
      signal,
    ),
  );
}

/** The connection's own troubles, in a line each. */
const terminalLogger: Logger = {
  ...silentLogger,
  warn: (_fields, message) => void process.stderr.write(`${message}\n`),
  error: (_fields, message) => void process.stderr.write(`${message}\n`),
  child: () => terminalLogger,
};
