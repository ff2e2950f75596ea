import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { isoUtc } from '../base/clock.js';
import { silentLogger } from '../base/logger.js';
import type { CertificateFacts } from '../opcua/security/certificate.js';
import { isFingerprint, type StoredCertificate, TrustStore } from '../opcua/security/trust-store.js';
import { certificateLines, discover, serverFacts } from '../opcua/tools/discover.js';
import { readTrustFile } from '../opcua/tools/trust-file.js';
import { cliErrors } from './errors.js';
import {
  addStateOptions,
  connectionOf,
  isUrl,
  namedConnection,
  pkiFolderOf,
  readOptionalConfig,
  type StateOptions,
  stateArgument,
} from './opcua-target.js';
import { guardOutput, print } from './open-model.js';

interface Options extends StateOptions {
  readonly list?: true;
  readonly remove?: true;
  readonly yes?: true;
  readonly json?: true;
}

export function registerOpcuaTrust(opcua: Command): void {
  addStateOptions(opcua.command('trust'))
    .description('list certificates that were refused, and trust servers and authorities')
    .argument('[what]', 'address or name of a server, fingerprint of a refused certificate, or a file')
    .option('--list', 'list what is trusted')
    .addOption(new Option('--remove', 'end the trust in a certificate instead').conflicts('list'))
    .option('-y, --yes', 'do not ask, for scripts')
    .option('--json', 'print lists as JSON')
    .addHelpText(
      'after',
      `
The certificate is shown before it is trusted. Compare its fingerprint with the one that the server shows itself.
A file may be a server's certificate, that of an authority, which then vouches for all it issued, or the authority's
revocation list (.crl). The daemon takes what has changed at its next attempt to connect.

Examples:
  jidoka opcua trust --state /var/lib/jidoka                          (what was refused)
  sudo -u jidoka jidoka opcua trust --state /var/lib/jidoka opc.tcp://plc1:4840
  sudo -u jidoka jidoka opcua trust --state /var/lib/jidoka 6BEAC6C2
  sudo -u jidoka jidoka opcua trust --state /var/lib/jidoka plant-ca.crl
  sudo -u jidoka jidoka opcua trust --state /var/lib/jidoka --remove 6BEAC6C2`,
    )
    .action(trust);
}

async function trust(what: string | undefined, options: Options): Promise<void> {
  guardOutput();
  const config = await readOptionalConfig(options);
  const store = new TrustStore(pkiFolderOf(options, config));
  if (what === undefined || options.list === true) return list(store, options);
  if (options.remove === true) return remove(store, what, options);
  if (existsSync(what)) return trustFile(store, what, options);
  if (!isUrl(what) && isFingerprint(what) && !Object.hasOwn(config?.opcua ?? {}, what)) {
    const { certificate } = await store.find('rejected', what);
    return settle(store, certificate, undefined, options);
  }
  const connection = isUrl(what) ? connectionOf(what) : namedConnection(what, config);
  const found = await discover(connection.endpoint, silentLogger);
  const { securityMode, securityPolicy, endpoint: url } = connection;
  const same = found.endpoints.find(({ mode, policy }) => mode === securityMode && policy === securityPolicy);
  const certificate =
    same === undefined || same.certificate.length === 0 ? found.certificate : serverFacts(same.certificate, url);
  if (certificate === undefined) throw cliErrors.CLI_BAD_OPTION({ where: what, got: 'a server without a certificate' });
  return settle(store, certificate, url, options);
}

async function trustFile(store: TrustStore, file: string, options: Options): Promise<void> {
  const content = await readTrustFile(file, silentLogger);
  if (content.kind === 'certificate') return settle(store, content.certificate, undefined, options);
  const target = await store.addRevocationList(file, content.bytes);
  await print(`${target}: the revocation list was taken; it revokes ${content.revoked} certificates.\n`);
}

/** Shows the certificate, asks, and trusts it. */
async function settle(
  store: TrustStore,
  certificate: CertificateFacts,
  url: string | undefined,
  options: Options,
): Promise<void> {
  await print(`${certificateLines(certificate, Date.now(), url).join('\n')}\n\n`);
  if (await store.isTrusted(certificate)) {
    await print('It is trusted already.\n');
    return;
  }
  if (certificate.authority)
    await print('It belongs to an authority: every server it issued a certificate to is trusted then.\n');
  if (
    options.yes !== true &&
    !(await confirmed('Is this the fingerprint that the server shows, and is it to be trusted?'))
  ) {
    process.exitCode = 1;
    await print('It was not trusted.\n');
    return;
  }
  const file = await store.trust(certificate);
  await print(`It is trusted from now on: ${file}\n`);
}

async function remove(store: TrustStore, what: string, options: Options): Promise<void> {
  const { certificate } = await store.find('trusted', what);
  await print(`${certificateLines(certificate, Date.now()).join('\n')}\n\n`);
  if (options.yes !== true && !(await confirmed('Is the trust in it to end?'))) {
    process.exitCode = 1;
    await print('It is trusted as before.\n');
    return;
  }
  await store.distrust(certificate);
  await print(
    'It is no longer trusted. A connection that stands goes on until it ends; restart the daemon to end it now.\n',
  );
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    const hint = 'Nobody can be asked here: give --yes once the fingerprint has been compared.';
    throw cliErrors.CLI_BAD_OPTION({ where: question, hint });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await Promise.race([
      lines.question(`${question} [y/N] `),
      // Ctrl-C and Ctrl-D mean no.
      new Promise<string>((resolve) => lines.once('close', () => resolve(''))),
    ]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}

async function list(store: TrustStore, options: Options): Promise<void> {
  const trusted = options.list === true;
  const found = await store.list(trusted ? 'trusted' : 'rejected');
  const lists = trusted ? await store.revocationLists() : [];
  if (options.json === true) {
    const certificates = found.map(asJson);
    await print(
      `${JSON.stringify(trusted ? { trusted: certificates, revocationLists: lists } : { rejected: certificates })}\n`,
    );
    return;
  }
  const blocks = found.map(({ certificate, sinceMs, file }) =>
    [
      ...certificateLines(certificate, Date.now()),
      ...(certificate.authority ? [`${'kind'.padEnd(12)} authority`] : []),
      `${(trusted ? 'since' : 'refused').padEnd(12)} ${isoUtc(sinceMs)}`,
      `${'file'.padEnd(12)} ${file}`,
      '',
    ].join('\n'),
  );
  const none = trusted ? 'No certificate is trusted.' : 'No certificate was refused.';
  const end =
    found.length === 0
      ? none
      : trusted
        ? ''
        : `Trust one with: jidoka opcua trust ${stateArgument(store.pkiFolder)} FINGERPRINT`;
  await print(
    [...blocks, ...lists.map((file) => `revocation list  ${file}`), end].filter(Boolean).join('\n').concat('\n'),
  );
}

function asJson({ certificate, sinceMs, file }: StoredCertificate): object {
  const { subject, issuer, applicationUri, authority, notBeforeMs, notAfterMs, sha1, sha256 } = certificate;
  const times = { notBefore: isoUtc(notBeforeMs), notAfter: isoUtc(notAfterMs), since: isoUtc(sinceMs) };
  return { subject, issuer, applicationUri, authority, sha1, sha256, ...times, file };
}
