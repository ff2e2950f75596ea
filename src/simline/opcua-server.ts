import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  StatusCodes,
  setErrorLogger,
  setWarningLogger,
} from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import { freePortNear, LOOPBACK } from './listen.js';
import type { ProcessValues } from './process-model.js';

/** Process values with their range and unit (UN/CEFACT code, symbol, name). */
const PROCESS_TAGS = [
  { tag: 'Temperature', key: 'temperature', low: 0, high: 300, unit: ['CEL', '°C', 'degree Celsius'] },
  { tag: 'Pressure', key: 'pressure', low: 0, high: 10, unit: ['BAR', 'bar', 'bar'] },
  { tag: 'Speed', key: 'speed', low: 0, high: 60, unit: ['2X', 'm/min', 'metre per minute'] },
  { tag: 'Vibration', key: 'vibration', low: 0, high: 20, unit: ['C16', 'mm/s', 'millimetre per second'] },
] as const satisfies readonly { key: keyof ProcessValues; [other: string]: unknown }[];

/** Tags the agent writes its verdict to. */
const RESULT_TAGS = [
  { tag: 'OK', dataType: DataType.Boolean, value: false },
  { tag: 'NOK', dataType: DataType.Boolean, value: false },
  { tag: 'Code', dataType: DataType.Int16, value: 0 },
  { tag: 'Label', dataType: DataType.String, value: '' },
  { tag: 'Score', dataType: DataType.Float, value: 0 },
  { tag: 'Counter', dataType: DataType.UInt32, value: 0 },
] as const;

export interface LineServer {
  readonly port: number;
  readonly endpoint: string;
  setValues(values: ProcessValues, at: Date): void;
  /** Counts the part and toggles the trigger. */
  announcePart(part: number, at: Date): void;
  stop(): Promise<void>;
}

/**
 * The line's OPC UA server, on 127.0.0.1 only and without security: a stand-in for a PLC on the bench. Its certificate
 * lies below `stateFolder`, or in a temporary folder that is removed with `stop`.
 */
export async function startLineServer(preferredPort: number, stateFolder?: string): Promise<LineServer> {
  // The library warns on the terminal about matters of its own; what goes wrong here reaches the caller as an error.
  setWarningLogger(() => undefined);
  setErrorLogger(() => undefined);
  const pki = stateFolder ?? (await mkdtemp(join(tmpdir(), 'jidoka-simulated-line-')));
  const removePki = async (): Promise<void> => {
    if (stateFolder === undefined) await rm(pki, { recursive: true, force: true });
  };
  try {
    const port = await freePortNear(preferredPort);
    const server = await makeServer(port, pki);
    const tags = addTags(server);
    await server.start();
    return {
      port,
      endpoint: `opc.tcp://${LOOPBACK}:${port}`,
      ...tags,
      stop: async () => {
        await server.shutdown(0);
        await removePki();
      },
    };
  } catch (error) {
    await removePki();
    throw error;
  }
}

async function makeServer(port: number, pki: string): Promise<OPCUAServer> {
  const server = new OPCUAServer({
    host: LOOPBACK,
    hostname: LOOPBACK,
    port,
    serverCertificateManager: new OPCUACertificateManager({ rootFolder: join(pki, 'server'), name: 'server' }),
    userCertificateManager: new OPCUACertificateManager({ rootFolder: join(pki, 'users'), name: 'users' }),
    securityPolicies: [SecurityPolicy.None],
    securityModes: [MessageSecurityMode.None],
    allowAnonymous: true,
    serverInfo: { applicationUri: 'urn:jidoka:simulated-line', productUri: 'urn:jidoka:simulated-line' },
    buildInfo: { productName: 'jidoka simulated line', manufacturerName: 'jidoka' },
  });
  await server.initialize();
  return server;
}

function addTags(server: OPCUAServer): Pick<LineServer, 'setValues' | 'announcePart'> {
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error('the OPC UA server has no address space');
  const namespace = addressSpace.getOwnNamespace();
  const line = namespace.addFolder(addressSpace.rootFolder.objects, { browseName: 'Line1', nodeId: 's=Line1' });
  const results = namespace.addFolder(line, { browseName: 'Result', nodeId: 's=Line1.Result' });
  const processTags = PROCESS_TAGS.map(({ tag, key, low, high, unit: [code, displayName, description] }) => ({
    key,
    variable: namespace.addAnalogDataItem({
      organizedBy: line,
      browseName: tag,
      nodeId: `s=Line1.${tag}`,
      dataType: DataType.Double,
      accessLevel: 'CurrentRead',
      engineeringUnitsRange: { low, high },
      engineeringUnits: {
        namespaceUri: 'http://www.opcfoundation.org/UA/units/un/cefact',
        unitId: unitId(code),
        displayName: { text: displayName },
        description: { text: description },
      },
      value: { dataType: DataType.Double, value: 0 },
    }),
  }));
  for (const { tag, dataType, value } of RESULT_TAGS) {
    namespace.addVariable({
      organizedBy: results,
      browseName: tag,
      nodeId: `s=Line1.Result.${tag}`,
      dataType,
      accessLevel: 'CurrentRead | CurrentWrite',
      value: { dataType, value },
    });
  }
  const addLineTag = (tag: string, dataType: DataType, value: number | boolean) =>
    namespace.addVariable({
      organizedBy: line,
      browseName: tag,
      nodeId: `s=Line1.${tag}`,
      dataType,
      accessLevel: 'CurrentRead',
      value: { dataType, value },
    });
  const counter = addLineTag('PartCounter', DataType.UInt32, 0);
  const trigger = addLineTag('Trigger', DataType.Boolean, false);
  return {
    setValues: (values, at) => {
      for (const { key, variable } of processTags) {
        variable.setValueFromSource({ dataType: DataType.Double, value: values[key] }, StatusCodes.Good, at);
      }
    },
    announcePart: (part, at) => {
      counter.setValueFromSource({ dataType: DataType.UInt32, value: (part + 1) % 2 ** 32 }, StatusCodes.Good, at);
      trigger.setValueFromSource({ dataType: DataType.Boolean, value: part % 2 === 0 }, StatusCodes.Good, at);
    },
  };
}

/** OPC UA Part 8: the characters of the UN/CEFACT common code as one number. */
function unitId(code: string): number {
  return [...code].reduce((id, character) => id * 256 + character.charCodeAt(0), 0);
}
