import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Agent } from '../app/agent.js';
import { composeAgent } from '../app/compose.js';
import { createLogger } from '../app/logger.js';
import { SystemdNotifier } from '../app/systemd.js';
import { verdictLine } from '../app/terminal.js';
import { systemClock } from '../base/clock.js';
import type { Config } from '../config/schema/index.js';
import { cliErrors } from './errors.js';
import { configToRun } from './load-config.js';
import { serve } from './serve.js';
import type { SimlineOptions } from './simline-process.js';
import { packageVersion } from './version.js';

interface LineAddresses {
  readonly mqttUrl: string;
  readonly opcuaEndpoint: string;
  readonly cameraUrl: string;
  readonly notices: readonly string[];
}

interface DemoOptions {
  readonly state?: string;
  readonly seed: string;
  readonly rate: string;
}

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('inspect parts on a simulated line: broker, OPC UA server and camera included')
    .option('--rate <parts>', 'parts a second on the line', '2')
    .option('--seed <number>', 'the same seed gives the same parts', '7')
    .option('--state <folder>', 'keep the database and the images in this folder (default: a temporary one)')
    .addHelpText(
      'after',
      `
Examples:
  jidoka demo
  jidoka demo --rate 10 --state ./state
  mosquitto_sub -p 1883 -v -t '#'      (in a second terminal)`,
    )
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const line = await startLine({
    seed: numberOption('--seed', options.seed),
    partsPerSecond: numberOption('--rate', options.rate),
  });
  const stateDirectory = options.state ?? (await mkdtemp(join(tmpdir(), 'jidoka-demo-')));
  try {
    const config = await demoConfig(line.addresses);
    // One line a verdict is what the terminal shows; the log adds only what needs a person.
    const logger = createLogger({ level: 'warn', format: 'text' }, process.stderr);
    const color = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
    const agent = await composeAgent(
      {
        config,
        readConfig: async () => config,
        version: packageVersion(),
        stateDirectory,
        environment: process.env,
        clock: systemClock,
        logger,
      },
      {
        onReady: (models) => process.stdout.write(banner(line.addresses, config, stateDirectory, models)),
        onInspected: (inspection, seq) => process.stdout.write(`${verdictLine(inspection, seq, color)}\n`),
      },
    );
    process.exitCode = await serve(agent, new SystemdNotifier({ logger }), logger);
  } finally {
    await line.stop();
    if (options.state === undefined) await rm(stateDirectory, { recursive: true, force: true });
  }
}

/** The example that ships, with the addresses where this line really listens. */
async function demoConfig(addresses: LineAddresses): Promise<Config> {
  const config = await configToRun(join(projectRoot, 'config', 'simulated-line.yaml'));
  return {
    ...config,
    mqtt: { ...config.mqtt, url: addresses.mqttUrl },
    opcua: Object.fromEntries(
      Object.entries(config.opcua).map(([name, connection]) => [
        name,
        { ...connection, endpoint: addresses.opcuaEndpoint },
      ]),
    ),
    stations: config.stations.map((station) => ({
      ...station,
      camera: station.camera.kind === 'simulated' ? { ...station.camera, url: addresses.cameraUrl } : station.camera,
    })),
  };
}

function banner(
  { notices, mqttUrl, opcuaEndpoint, cameraUrl }: LineAddresses,
  config: Config,
  stateDirectory: string,
  models: Agent['models'],
): string {
  return [
    '',
    'jidoka on a simulated line',
    ...notices.map((notice) => `  note      ${notice}`),
    `  MQTT      ${mqttUrl}   topics ${config.mqtt.baseTopic}/#`,
    `  OPC UA    ${opcuaEndpoint}`,
    `  camera    ${cameraUrl}`,
    ...models.map(
      ({ station, info: { model, variant, provider, license } }) =>
        `  station   ${station}: model ${model.name} ${model.version} (${variant}) on ${provider}, license ${license}`,
    ),
    `  database  ${join(stateDirectory, 'jidoka.sqlite')}`,
    `  watch     mosquitto_sub -p ${new URL(mqttUrl).port} -v -t '#'`,
    '  Ctrl-C stops everything.',
    '',
    '',
  ].join('\n');
}

async function startLine(options: SimlineOptions): Promise<{ addresses: LineAddresses; stop: () => Promise<void> }> {
  const child: ChildProcess = fork(new URL('./simline-process.js', import.meta.url), [JSON.stringify(options)]);
  const exited = once(child, 'exit');
  const [first] = await Promise.race([once(child, 'message'), exited.then(() => [undefined])]);
  if (first === undefined) throw cliErrors.CLI_SIMULATED_LINE_FAILED();
  return {
    addresses: first as LineAddresses,
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function numberOption(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 1000) return value;
  throw cliErrors.CLI_BAD_OPTION({ where: name, got: text, expected: 'a number above 0, at most 1000' });
}
