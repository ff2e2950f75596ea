import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { messageOf } from '../base/errors.js';
import { silentLogger } from '../base/logger.js';
import { pemOf } from '../opcua/security/certificate.js';
import { certificateLines } from '../opcua/tools/discover.js';
import { gatewayCertificate } from '../opcua/tools/gateway-certificate.js';
import { cliErrors } from './errors.js';
import {
  addStateOptions,
  applicationNameOf,
  namedConnection,
  pkiFolderOf,
  readOptionalConfig,
  type StateOptions,
} from './opcua-target.js';
import { guardOutput, print } from './open-model.js';

interface Options extends StateOptions {
  readonly renew?: true;
  readonly output?: string;
  readonly json?: true;
}

export function registerOpcuaCertificate(opcua: Command): void {
  addStateOptions(opcua.command('certificate'))
    .description("show the gateway's own certificate, which servers must trust; it is made where there is none")
    .argument('[name]', 'a server in the configuration, which may have an applicationCertificate of its own')
    .option('-o, --output <file>', 'write it to a file for the server: .der, .cer or .crt in DER, .pem in PEM')
    .option('--renew', 'make a new self-signed one; every server must be told to trust it')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  sudo -u jidoka jidoka opcua certificate --config /etc/jidoka/jidoka.yaml -o jidoka.der
  sudo -u jidoka jidoka opcua certificate --state /var/lib/jidoka --renew`,
    )
    .action(certificate);
}

async function certificate(name: string | undefined, options: Options): Promise<void> {
  guardOutput();
  const config = await readOptionalConfig(options);
  const files = name === undefined ? undefined : namedConnection(name, config).applicationCertificate;
  if (files !== undefined && options.renew === true) {
    const hint = 'Have it renewed by whoever issued it, and put the new files in place.';
    throw cliErrors.CLI_BAD_OPTION({ where: '--renew', got: `${files.cert}, which jidoka did not make`, hint });
  }
  const own = await gatewayCertificate({
    pkiFolder: pkiFolderOf(options, config),
    applicationName: applicationNameOf(config),
    files,
    renew: options.renew === true,
    nowMs: Date.now(),
    logger: silentLogger,
  });
  if (options.output !== undefined) {
    const pem = /\.pem$/i.test(options.output);
    await writeFile(options.output, pem ? pemOf(own.certificate) : own.certificate.der).catch((error: unknown) => {
      throw cliErrors.CLI_BAD_OPTION({ where: '--output', got: messageOf(error), cause: error });
    });
  }
  if (options.json === true) {
    const { sha1, sha256, subject, applicationUri, notBeforeMs, notAfterMs } = own.certificate;
    const validity = { notBefore: new Date(notBeforeMs).toISOString(), notAfter: new Date(notAfterMs).toISOString() };
    await print(`${JSON.stringify({ file: own.cert, subject, applicationUri, sha1, sha256, ...validity })}\n`);
    return;
  }
  const lines = [`${'file'.padEnd(12)} ${own.cert}`, ...certificateLines(own.certificate, Date.now())];
  if (options.output !== undefined) lines.push(`${'written to'.padEnd(12)} ${options.output}`);
  await print(`${lines.join('\n')}\n`);
}
