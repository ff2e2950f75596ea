import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { DataType, resolveNodeId, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import type { ServerCommand, ServerOptions, TagOptions, TagUpdate, WriteCall } from './opcua-server.js';
import { smallNodeset } from './small-nodeset.js';

/** The server's own process, so that a test can freeze or kill it like a PLC that hangs or loses power. */

type Address = ReturnType<NonNullable<OPCUAServer['engine']['addressSpace']>['getOwnNamespace']>;
type Variable = ReturnType<Address['addVariable']>;

const options = JSON.parse(process.argv[2] ?? '{}') as ServerOptions & { port: number; pki: string };
const variables = new Map<string, Variable>();
const writes: WriteCall[] = [];
let requestedSessions = 0;

const certificates = new OPCUACertificateManager({
  rootFolder: options.pki,
  automaticallyAcceptUnknownCertificate: options.trustClients ?? true,
  disableFileWatchers: true,
});
const users = options.users;
const server = new OPCUAServer({
  port: options.port,
  hostname: '127.0.0.1',
  resourcePath: '/UA/Test',
  serverCertificateManager: certificates,
  allowAnonymous: options.anonymous ?? true,
  maxConnectionsPerEndpoint: 50,
  // With 0 a sampling interval of 0 brings every single change, without a timer.
  serverCapabilities: { minSupportedSampleRate: 0 },
  ...(options.fewNodes === true && { nodeset_filename: [smallNodeset] }),
  ...(users !== undefined && {
    userManager: { isValidUser: (name: string, password: string) => users[name] === password },
  }),
  ...(options.securityModes !== undefined && { securityModes: [...options.securityModes] as never[] }),
  ...(options.securityPolicies !== undefined && { securityPolicies: [...options.securityPolicies] as never[] }),
});

function variant(tag: { type: string; array?: boolean | undefined }, value: unknown): Variant {
  const dataType = DataType[tag.type as keyof typeof DataType];
  if (value === null) return new Variant({ dataType: DataType.Null });
  const arrayType = tag.array === true ? VariantArrayType.Array : VariantArrayType.Scalar;
  return new Variant({ dataType, arrayType, value });
}

const tags = new Map<string, TagOptions>();

function add(name: string, tag: TagOptions): void {
  const space = server.engine.addressSpace;
  if (space === null) throw new Error('the server has no address space yet');
  const variable = space.getOwnNamespace().addVariable({
    browseName: name,
    nodeId: `s=${name}`,
    organizedBy: tag.folder === undefined ? space.rootFolder.objects : folder(tag.folder),
    dataType: tag.type,
    valueRank: tag.array === true ? 1 : -1,
    minimumSamplingInterval: 0,
    ...(tag.readOnly === true && { accessLevel: 'CurrentRead', userAccessLevel: 'CurrentRead' }),
    value: variant(tag, tag.value),
  } as Parameters<Address['addVariable']>[0]);
  if (tag.unit !== undefined) {
    const unit = { namespaceUri: 'urn:test:units', unitId: 1, displayName: { text: tag.unit }, description: null };
    addProperty(variable, 'EngineeringUnits', 'EUInformation', unit);
  }
  if (tag.range !== undefined) {
    const [low, high] = tag.range;
    addProperty(variable, 'EURange', 'Range', { low, high });
  }
  variables.set(name, variable);
  tags.set(name, tag);
}

const DATA_TYPES = { EUInformation: 'i=887', Range: 'i=884' } as const;

function addProperty(variable: Variable, name: string, type: keyof typeof DATA_TYPES, content: object): void {
  const dataType = resolveNodeId(DATA_TYPES[type]);
  const value = variable.addressSpace.constructExtensionObject(dataType, content as Record<string, unknown>);
  variable.addressSpace.getOwnNamespace().addVariable({
    // Of the standard's namespace, as every server has it.
    browseName: { namespaceIndex: 0, name },
    propertyOf: variable,
    typeDefinition: 'PropertyType',
    dataType,
    value: new Variant({ dataType: DataType.ExtensionObject, value }),
  } as Parameters<Address['addVariable']>[0]);
}

const folders = new Map<string, ReturnType<Address['addFolder']>>();

function folder(name: string): ReturnType<Address['addFolder']> {
  const space = server.engine.addressSpace;
  if (space === null) throw new Error('the server has no address space yet');
  const known = folders.get(name);
  if (known !== undefined) return known;
  const made = space.getOwnNamespace().addFolder(space.rootFolder.objects, { browseName: name, nodeId: `s=${name}` });
  folders.set(name, made);
  return made;
}

function update({ name, value, status, sourceTimeMs }: TagUpdate): void {
  const variable = variables.get(name);
  const tag = tags.get(name);
  if (variable === undefined || tag === undefined) throw new Error(`no tag ${name}`);
  const code = StatusCodes[(status ?? 'Good') as keyof typeof StatusCodes] as typeof StatusCodes.Good;
  variable.setValueFromSource(
    variant(tag, value),
    code,
    sourceTimeMs === undefined ? new Date() : new Date(sourceTimeMs),
  );
}

const tickers = new Map<string, NodeJS.Timeout>();

/** Counts a tag up on a fixed schedule: no count is left out, however late the timer runs. */
function ticker(name: string, everyMs: number): NodeJS.Timeout {
  let count = variables.get(name)?.readValue().value.value as number;
  let dueMs = performance.now();
  return setInterval(() => {
    while (dueMs <= performance.now()) {
      count += 1;
      dueMs += everyMs;
      update({ name, value: count });
    }
  }, everyMs);
}

server.on('request', (request: { schema: { name: string }; nodesToWrite?: unknown }) => {
  if (request.schema.name === 'CreateSessionRequest') requestedSessions += 1;
  if (request.schema.name !== 'WriteRequest') return;
  const nodes = request.nodesToWrite as { nodeId: { value: unknown }; value: { value: Variant } }[];
  writes.push(
    nodes.map((node) => ({
      name: String(node.nodeId.value),
      type: DataType[node.value.value.dataType] ?? '?',
      value: node.value.value.value as unknown,
    })),
  );
});

function handle(command: ServerCommand): unknown {
  switch (command.do) {
    case 'set':
      for (const entry of command.updates) update(entry);
      return null;
    case 'add':
      add(command.name, command.tag);
      return null;
    case 'get':
      return variables.get(command.name)?.readValue().value.value ?? null;
    case 'tick':
      tickers.set(command.name, ticker(command.name, command.everyMs));
      return null;
    case 'hold': {
      clearInterval(tickers.get(command.name));
      return variables.get(command.name)?.readValue().value.value ?? null;
    }
    case 'writes':
      return writes.splice(0);
    case 'close sessions':
      for (const session of server.engine.getSessions()) {
        server.engine.closeSession(session.authenticationToken, true, 'Terminated');
      }
      return null;
    case 'sessions':
      return {
        open: server.currentSessionCount,
        subscriptions: server.currentSubscriptionCount,
        monitoredItems: monitoredItems(),
        everOpened: requestedSessions,
      };
  }
}

function monitoredItems(): number {
  const sessions = server.engine.getSessions();
  const subscriptions = sessions.flatMap((session) => session.publishEngine.subscriptions);
  return subscriptions.reduce((sum, subscription) => sum + subscription.monitoredItemCount, 0);
}

process.on('message', (message: { id: number; command: ServerCommand }) => {
  try {
    process.send?.({ id: message.id, result: handle(message.command) });
  } catch (error) {
    process.send?.({ id: message.id, error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));

await server.initialize();
for (const [name, tag] of Object.entries(options.tags)) add(name, tag);
await server.start();
process.send?.({ ready: true });
