import type { Command } from 'commander';
import { isoUtc } from '../base/clock.js';
import { silentLogger } from '../base/logger.js';
import { connectionText } from '../opcua/tools/config-text.js';
import { type Discovery, discover, discoveryText } from '../opcua/tools/discover.js';
import { connectionOf } from './opcua-target.js';
import { guardOutput, print } from './open-model.js';

export function registerOpcuaDiscover(opcua: Command): void {
  opcua
    .command('discover')
    .description('list the endpoints of a server: security, logins, certificate, and the configuration to begin with')
    .argument('<url>', 'address of the server, such as opc.tcp://plc1:4840')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Needs neither a login nor trust, and leaves nothing behind on the server.

Example:
  jidoka opcua discover opc.tcp://plc1.plant.local:4840`,
    )
    .action(discoverServer);
}

async function discoverServer(url: string, options: { readonly json?: true }): Promise<void> {
  guardOutput();
  const discovery = await discover(connectionOf(url).endpoint, silentLogger);
  const text = options.json === true ? `${JSON.stringify(asJson(discovery))}\n` : discoveryText(discovery, Date.now());
  await print(text);
}

function asJson({ url, endpoints, recommended, certificate }: Discovery): object {
  return {
    url,
    endpoints: endpoints.map(({ certificate: _, ...endpoint }) => ({
      ...endpoint,
      recommended:
        endpoint.url === recommended?.url &&
        endpoint.mode === recommended.mode &&
        endpoint.policy === recommended.policy,
    })),
    certificate:
      certificate === undefined
        ? null
        : {
            subject: certificate.subject,
            issuer: certificate.issuer,
            applicationUri: certificate.applicationUri,
            hosts: [...certificate.dnsNames, ...certificate.ipAddresses],
            notBefore: isoUtc(certificate.notBeforeMs),
            notAfter: isoUtc(certificate.notAfterMs),
            sha1: certificate.sha1,
            sha256: certificate.sha256,
          },
    config: recommended === undefined ? null : connectionText(url, recommended),
  };
}
