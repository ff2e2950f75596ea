import type { Command } from 'commander';
import { registerOpcuaBrowse } from './opcua-browse.js';
import { registerOpcuaCertificate } from './opcua-certificate.js';
import { registerOpcuaDiscover } from './opcua-discover.js';
import { registerOpcuaTrust } from './opcua-trust.js';
import { registerOpcuaWatch } from './opcua-watch.js';

export function registerOpcua(program: Command): void {
  const opcua = program.command('opcua').description('look into OPC UA servers, and manage certificates');
  registerOpcuaDiscover(opcua);
  registerOpcuaCertificate(opcua);
  registerOpcuaTrust(opcua);
  registerOpcuaBrowse(opcua);
  registerOpcuaWatch(opcua);
}
