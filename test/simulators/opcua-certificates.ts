import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from './certificates.js';

export interface IssueOptions {
  /** Its application URI; null for none. */
  readonly uri?: string | null;
  /** `DNS:localhost`, `IP:127.0.0.1`, … */
  readonly names?: readonly string[];
  readonly fromDays?: number;
  readonly toDays?: number;
  /** Made by itself instead of by the authority. */
  readonly selfSigned?: boolean;
  readonly curve?: boolean;
  /** With a key of its own: making one takes long, so most share one. */
  readonly freshKey?: boolean;
}

/** An authority of a plant, made with openssl: certificates for OPC UA applications and users, and revocation lists. */
export class OpcuaAuthority {
  readonly cert: string;
  readonly #key: string;
  readonly #config: string;
  #names = 0;
  readonly #keys = new Map<string, string>();

  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    this.cert = join(folder, 'ca.pem');
    this.#key = join(folder, 'ca.key');
    this.#config = join(folder, 'ca.cnf');
    writeFileSync(join(folder, 'index.txt'), '');
    writeFileSync(join(folder, 'crlnumber'), '01');
    writeFileSync(
      this.#config,
      [
        '[ca]\ndefault_ca=d\n[d]',
        `database=${folder}/index.txt\nnew_certs_dir=${folder}\nserial=${folder}/serial\ncrlnumber=${folder}/crlnumber`,
        `certificate=${this.cert}\nprivate_key=${this.#key}`,
        'default_md=sha256\nunique_subject=no\npolicy=p\ndefault_crl_days=2\nrand_serial=yes\n[p]\ncommonName=supplied\n',
      ].join('\n'),
    );
    const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign,cRLSign'];
    const subject = ['-subj', '/CN=plant authority', '-days', '30', ...extensions];
    openssl(['req', '-x509', ...RSA, '-keyout', this.#key, '-out', this.cert, ...subject]);
  }

  issue(name: string, options: IssueOptions = {}): Certificate {
    const { uri = `urn:test:${name}`, names = ['DNS:localhost', 'IP:127.0.0.1'], fromDays = -1, toDays = 20 } = options;
    this.#names += 1;
    const file = join(this.folder, `${name}-${this.#names}`);
    const [cert, key, request, extensions] = [`${file}.pem`, `${file}-key.pem`, `${file}.csr`, `${file}.ext`];
    copyFileSync(this.#sharedKey(options), key);
    const alternatives = [...(uri === null ? [] : [`URI:${uri}`]), ...names];
    const lines = [
      'basicConstraints=CA:FALSE',
      'subjectKeyIdentifier=hash',
      ...(options.selfSigned === true ? [] : ['authorityKeyIdentifier=keyid']),
      'keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth',
      ...(alternatives.length === 0 ? [] : [`subjectAltName=${alternatives.join(',')}`]),
    ];
    writeFileSync(extensions, `${lines.join('\n')}\n`);
    openssl(['req', '-new', '-key', key, '-out', request, '-subj', `/CN=${name}`]);
    const dates = ['-startdate', asn1Time(fromDays), '-enddate', asn1Time(toDays), '-notext', '-extfile', extensions];
    const signer = options.selfSigned === true ? ['-selfsign', '-keyfile', key] : [];
    openssl(['ca', '-batch', '-config', this.#config, ...signer, '-in', request, '-out', cert, ...dates]);
    return { cert, key };
  }

  #sharedKey({ curve = false, freshKey = false }: IssueOptions): string {
    const kind = curve ? 'curve' : 'rsa';
    const known = this.#keys.get(kind);
    if (known !== undefined && !freshKey) return known;
    const file = join(this.folder, `${kind}-${this.#names}.key`);
    const algorithm = curve
      ? ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
      : ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
    openssl(['genpkey', '-algorithm', ...algorithm, '-out', file]);
    this.#keys.set(kind, file);
    return file;
  }

  revoke({ cert }: Certificate): void {
    openssl(['ca', '-config', this.#config, '-revoke', cert]);
  }

  /** The revocation list as it stands now; gives its file. */
  revocationList(): string {
    const file = join(this.folder, 'plant.crl');
    openssl(['ca', '-config', this.#config, '-gencrl', '-out', file]);
    return file;
  }
}

const RSA = ['-newkey', 'rsa:2048', '-nodes'];

function asn1Time(days: number): string {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${iso.slice(0, 19).replace(/[-:T]/g, '')}Z`;
}

function openssl(args: readonly string[]): void {
  // node-opcua leaves a variable behind that names no file.
  const { OPENSSL_CONF: _, ...env } = process.env;
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'], env });
}
