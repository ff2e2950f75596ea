import { createHash } from 'node:crypto';
import { hostname as machineName } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { SecretReference } from '../config/schema/common.js';
import type { Config } from '../config/schema/index.js';
import type { OpcuaServerConfig } from '../config/schema/opcua-server.js';
import { MachineVisionFace } from '../opcua-server/machine-vision-face.js';
import type { AuditLog } from '../ports/commands.js';
import { AuditWriter } from './commands/audit-writer.js';
import { type ControlHelp, controlledStation } from './controlled-station.js';
import type { AgentFace } from './station-face.js';

export interface OpcuaServerParts {
  readonly config: Config;
  readonly version: string;
  readonly startedAtMs: number;
  readonly stateDirectory: string;
  readonly secret: (reference: SecretReference) => Promise<string>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an audit that waits for the disk may hold up a stop. */
const AUDIT_STOP_MS = 500;

/**
 * The gateway's own OPC UA server; undefined where none is configured.
 * @throws JidokaError (config) for a secret that cannot be read.
 */
export async function composeOpcuaServer(parts: OpcuaServerParts): Promise<AgentFace | undefined> {
  const { config, clock, logger } = parts;
  const server = config.opcuaServer;
  if (server === undefined) return undefined;
  const face = new MachineVisionFace({
    settings: {
      ...(await settingsOf(server, parts)),
      stations: config.stations.map(({ name, camera }) => ({ name, simulated: isSimulated(camera.kind) })),
    },
    newJobId: () => uuidv7(),
    clock,
    logger,
  });
  const audit = new AuditWriter(parts.audit, clock, logger);
  return {
    open: (stations, agent) => {
      const help: ControlHelp = { ...agent, audit, clock, names: stations.map(({ name }) => name) };
      face.open(stations.map((station) => controlledStation(station, kindOf(config, station.name), help)));
    },
    inspected: (inspection) => face.inspected(inspection),
    look: () => face.look(),
    health: { where: face.where, trouble: () => face.trouble() },
    stop: async () => {
      await face.stop();
      await audit.stop(AUDIT_STOP_MS);
    },
  };
}

async function settingsOf(server: OpcuaServerConfig, parts: OpcuaServerParts) {
  const { config, version, startedAtMs, stateDirectory, secret, logger } = parts;
  const { users, pki, certificate, hostname, ...rest } = server;
  if (rest.policies.includes('None')) {
    logger.warn(
      {},
      'The OPC UA server offers the policy None: whoever reaches it can listen in. Methods can be called over it on this machine alone.',
    );
  }
  return {
    ...rest,
    hostname: hostname ?? (/^(0\.0\.0\.0|::)$/.test(rest.host) ? machineName() : rest.host),
    users: await Promise.all(
      users.map(async ({ name, password, role }) => ({ name, password: await secret(password), role })),
    ),
    ...(certificate !== undefined && { certificate }),
    pkiFolder: pki ?? join(stateDirectory, 'pki', 'opcua-server'),
    gateway: config.gateway.name,
    version,
    startedAtMs,
    configurationHash: createHash('sha256').update(JSON.stringify(config)).digest('hex'),
  };
}

function kindOf({ stations }: Config, name: string): { readonly simulated: boolean } {
  return { simulated: isSimulated(stations.find((station) => station.name === name)?.camera.kind) };
}

/** Pictures that are not of parts at this gateway. */
function isSimulated(kind: string | undefined): boolean {
  return kind === 'simulated' || kind === 'replay';
}
