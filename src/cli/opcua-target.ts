import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { silentLogger } from '../base/logger.js';
import { type OpcuaConnectionConfig, opcuaConnectionSchema } from '../config/schema/connections.js';
import type { Config } from '../config/schema/index.js';
import { readSecretFile, resolveSecret } from '../config/secrets.js';
import { discover } from '../opcua/tools/discover.js';
import type { Target } from '../opcua/tools/visit.js';
import { cliErrors } from './errors.js';
import { configToRun } from './load-config.js';

/** Where the certificates lie, as every command of `jidoka opcua` has it. */
export interface StateOptions {
  readonly config?: string;
  readonly state?: string;
}

export interface TargetOptions extends StateOptions {
  readonly secure?: true;
  readonly username?: string;
}

/** A server the command was told to look into, and what it is called in the configuration. */
export interface NamedTarget extends Target {
  readonly name: string | undefined;
  /** To be put beside a tag's nodeId: the configuration has several servers. */
  readonly connection: string | undefined;
  /** A folder that is removed at the end. */
  readonly temporary?: string;
}

const PASSWORD_VARIABLE = 'JIDOKA_OPCUA_PASSWORD';

export function addStateOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration: names its servers and the storage folder')
    .option(
      '-s, --state <folder>',
      'the storage folder, which holds the folder pki (default: $STATE_DIRECTORY, else ./state)',
    );
}

export function addTargetOptions(command: Command): Command {
  return addStateOptions(command)
    .addOption(new Option('--secure', 'for a URL: with the strongest security that the server offers'))
    .addOption(new Option('--username <name>', `for a URL: log in; the password is in $${PASSWORD_VARIABLE}`));
}

export function isUrl(text: string): boolean {
  return /^[a-z.+-]+:\/\//i.test(text);
}

/** The checked connection of an address alone. */
export function connectionOf(url: string, more: object = {}): OpcuaConnectionConfig {
  const result = opcuaConnectionSchema.safeParse({ endpoint: url, ...more });
  if (result.success) return result.data;
  throw cliErrors.CLI_BAD_OPTION({ where: url, expected: 'an address such as opc.tcp://plc1.plant.local:4840' });
}

export async function readOptionalConfig({ config }: StateOptions): Promise<Config | undefined> {
  return config === undefined ? undefined : configToRun(config);
}

/** The PKI folder, found as the daemon finds it. */
export function pkiFolderOf({ state }: StateOptions, config: Config | undefined): string {
  const given = state === undefined ? config?.storage.directory : resolve(state);
  return join(given ?? process.env['STATE_DIRECTORY'] ?? resolve('state'), 'pki');
}

export function applicationNameOf(config: Config | undefined): string {
  return config === undefined ? 'jidoka' : `jidoka ${config.gateway.name}`;
}

/** What `URL|NAME` means. Throws a `config` JidokaError where it means nothing. */
export async function targetOf(what: string, options: TargetOptions): Promise<NamedTarget> {
  const config = await readOptionalConfig(options);
  const common = {
    pkiFolder: pkiFolderOf(options, config),
    applicationName: applicationNameOf(config),
    logger: silentLogger,
  };
  if (isUrl(what)) {
    const { connection, password } = await connectionByUrl(what, options);
    const byUrl = { ...common, name: undefined, connection: undefined, config: connection, password };
    const kept = options.state ?? options.config ?? process.env['STATE_DIRECTORY'];
    if (connection.securityMode !== 'none' || kept !== undefined) return byUrl;
    // Without security the certificates are of no account: nothing is left in the folder somebody happens to be in.
    const temporary = await mkdtemp(join(tmpdir(), 'jidoka-opcua-'));
    return { ...byUrl, pkiFolder: join(temporary, 'pki'), temporary };
  }
  const connection = namedConnection(what, config);
  const several = Object.keys(config?.opcua ?? {}).length > 1;
  const { password } = connection;
  return {
    ...common,
    name: what,
    connection: several ? what : undefined,
    config: connection,
    password: password === undefined ? undefined : await resolveSecret(password, secretSources()),
  };
}

export function namedConnection(name: string, config: Config | undefined): OpcuaConnectionConfig {
  const servers = config?.opcua ?? {};
  const found = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(servers);
  const expected =
    config === undefined
      ? 'an address opc.tcp://HOST:PORT, or --config FILE beside the name of a server in it'
      : `an address opc.tcp://HOST:PORT${known.length === 0 ? '' : `, or one of ${known.join(', ')}`}`;
  throw cliErrors.CLI_BAD_OPTION({ where: name, expected });
}

async function connectionByUrl(
  url: string,
  { secure, username }: TargetOptions,
): Promise<{ connection: OpcuaConnectionConfig; password: string | undefined }> {
  const password = username === undefined ? undefined : process.env[PASSWORD_VARIABLE];
  if (username !== undefined && password === undefined) {
    const hint = `Set it without leaving it in the shell's history: read -rs ${PASSWORD_VARIABLE}; export ${PASSWORD_VARIABLE}`;
    throw cliErrors.CLI_BAD_OPTION({ where: '--username', got: `no $${PASSWORD_VARIABLE}`, hint });
  }
  const login = username === undefined ? {} : { username };
  const plain = connectionOf(url, login);
  if (secure !== true) return { connection: plain, password };
  const best = (await discover(url, silentLogger)).recommended;
  const security = best === undefined ? {} : { securityMode: best.mode, securityPolicy: best.policy };
  return { connection: connectionOf(url, { ...login, ...security }), password };
}

function secretSources(): Parameters<typeof resolveSecret>[1] {
  return {
    environment: process.env,
    credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
    readFile: readSecretFile,
    warn: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** The folder that `--state` means, for a command that is printed. */
export function stateArgument(pkiFolder: string): string {
  return `--state ${dirname(pkiFolder)}`;
}

/** Ctrl-C and SIGTERM end the work in good order; the session on the server is closed. */
export async function untilInterrupted(
  { temporary }: NamedTarget,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
  try {
    await work(controller.signal);
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}
