import type { Command } from 'commander';
import { JidokaError } from '../base/errors.js';
import { printConfig } from '../config/print.js';
import { formatProblem, type Problem } from '../config/problem.js';
import type { Config } from '../config/schema/index.js';
import { readConfig } from './load-config.js';

interface CheckOptions {
  readonly config: string;
  readonly print?: boolean;
  readonly json?: boolean;
}

/** A check that found something, as linters have it; a start with the same file exits 78. */
const EXIT_PROBLEMS = 2;

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('say whether a configuration file is valid, and name every problem with its line')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .option('--print', 'print the configuration as it takes effect, with every default; secrets stay references')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Each problem is one line: file:line:column  what is wrong  what to write instead.
Exit codes: 0 valid, 2 not valid or not readable.

Examples:
  jidoka check --config /etc/jidoka/jidoka.yaml
  jidoka check --config my-line.yaml --print      (with every default filled in)`,
    )
    .action(async (options: CheckOptions) => {
      try {
        const result = await readConfig(options.config);
        if ('config' in result) printValid(options, result.config);
        else printProblems(options, result.problems);
      } catch (error) {
        if (!(error instanceof JidokaError)) throw error;
        printUnreadable(options, error);
      }
    });
}

function printValid(options: CheckOptions, config: Config): void {
  if (options.json === true) {
    const effective = options.print === true ? { config } : {};
    writeJson({ valid: true, file: options.config, stations: config.stations.length, problems: [], ...effective });
    return;
  }
  const sentence = `${options.config} is valid: ${summary(config)}.`;
  process.stdout.write(options.print === true ? `# ${sentence}\n${printConfig(config)}` : `${sentence}\n`);
}

function printProblems(options: CheckOptions, problems: readonly Problem[]): void {
  process.exitCode = EXIT_PROBLEMS;
  if (options.json === true) {
    writeJson({ valid: false, file: options.config, problems });
    return;
  }
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  process.stderr.write(`${problems.map(formatProblem).join('\n')}\n${options.config} is not valid: ${count}.\n`);
}

function printUnreadable(options: CheckOptions, error: JidokaError): void {
  process.exitCode = EXIT_PROBLEMS;
  if (options.json === true) writeJson({ valid: false, file: options.config, problems: [], error: error.message });
  else process.stderr.write(`${error.message}\n`);
}

/** `2 stations (press-1, press-2), 5 sensors, 1 OPC UA server, MQTT to mqtt://broker:1883`. */
function summary(config: Config): string {
  const names = config.stations.map((station) => station.name).join(', ');
  const sensors = config.stations.reduce((sum, station) => sum + station.sensors.length, 0);
  return [
    `${counted(config.stations.length, 'station')} (${names})`,
    counted(sensors, 'sensor'),
    counted(Object.keys(config.opcua).length, 'OPC UA server'),
    `MQTT to ${config.mqtt.url}`,
  ].join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function writeJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
