import { randomUUID } from 'node:crypto';
import { lchown, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { opcuaErrors } from '../errors.js';
import { type CertificateFacts, pemOf, readCertificates } from './certificate.js';

/** A certificate in one of the folders. */
export interface StoredCertificate {
  readonly file: string;
  readonly certificate: CertificateFacts;
  /** When it came there. */
  readonly sinceMs: number;
}

export type TrustFolder = 'rejected' | 'trusted' | 'issuers';

const FOLDERS: Readonly<Record<TrustFolder, string>> = {
  rejected: 'rejected',
  trusted: join('trusted', 'certs'),
  issuers: join('issuers', 'certs'),
};
/** A server that shows a new certificate each time must not fill the disk. */
const MOST_REJECTED = 50;
const LARGEST_FILE = 1_000_000;
const SHORTEST_PREFIX = 6;

/**
 * The certificates of others in a PKI folder: which are trusted, which came by and were refused. The layout is the one
 * that OPC UA programs share, so that files may be moved by hand as well.
 */
export class TrustStore {
  constructor(readonly pkiFolder: string) {}

  folder(kind: TrustFolder): string {
    return join(this.pkiFolder, FOLDERS[kind]);
  }

  get crlFolder(): string {
    return join(this.pkiFolder, 'issuers', 'crl');
  }

  /** Every certificate that can be read, the newest first; other files are left alone. */
  async list(kind: TrustFolder): Promise<readonly StoredCertificate[]> {
    const folder = this.folder(kind);
    const names = await readdir(folder).catch(() => []);
    const found = await Promise.all(names.map((name) => storedCertificate(join(folder, name))));
    return found.filter((entry) => entry !== undefined).sort((one, other) => other.sinceMs - one.sinceMs);
  }

  /** Names of the files with revocation lists. */
  async revocationLists(): Promise<readonly string[]> {
    const folders = [this.crlFolder, join(this.pkiFolder, 'trusted', 'crl')];
    const lists = await Promise.all(
      folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))),
    );
    return lists.flat();
  }

  async isTrusted(certificate: CertificateFacts): Promise<boolean> {
    return (await this.list('trusted')).some((entry) => entry.certificate.sha256 === certificate.sha256);
  }

  /** Keeps a certificate that was refused, for whoever decides later; gives its file. */
  async reject(certificate: CertificateFacts): Promise<string> {
    const kept = await this.list('rejected');
    const same = kept.find((entry) => entry.certificate.sha256 === certificate.sha256);
    if (same !== undefined) return same.file;
    for (const { file } of kept.slice(MOST_REJECTED - 1)) await rm(file, { force: true });
    return this.#write('rejected', certificate);
  }

  /** Trusts a certificate from now on; one of an authority vouches for all that it issued. Gives its file. */
  async trust(certificate: CertificateFacts): Promise<string> {
    const trusted = (await this.list('trusted')).find((entry) => entry.certificate.sha256 === certificate.sha256);
    const file = trusted?.file ?? (await this.#write('trusted', certificate));
    await this.#removeFrom('rejected', certificate);
    return file;
  }

  /** Keeps the revocation list of an authority; a list of the same name is replaced. */
  async addRevocationList(file: string, bytes: Buffer): Promise<string> {
    return this.#put(this.crlFolder, basename(file), bytes);
  }

  /** Ends the trust; the certificate lies among the refused ones again. */
  async distrust(certificate: CertificateFacts): Promise<void> {
    await this.reject(certificate);
    await this.#removeFrom('trusted', certificate);
  }

  /** The one certificate that a fingerprint or its beginning means. Throws `OPCUA_CERT_NOT_FOUND`. */
  async find(kind: TrustFolder, fingerprint: string): Promise<StoredCertificate> {
    const wanted = plainFingerprint(fingerprint);
    const all = await this.list(kind);
    const [first, ...others] = all.filter(
      ({ certificate: { sha1, sha256 } }) => sha1.startsWith(wanted) || sha256.startsWith(wanted),
    );
    // The same certificate may lie there under two names.
    const further = others.filter((other) => other.certificate.sha256 !== first?.certificate.sha256);
    if (wanted.length >= SHORTEST_PREFIX && first !== undefined && further.length === 0) return first;
    const got = first === undefined ? `none of ${all.length} certificates` : `${1 + further.length} certificates`;
    throw opcuaErrors.OPCUA_CERT_NOT_FOUND({
      where: this.folder(kind),
      got: `${fingerprint}, which fits ${got}`,
      expected: `a fingerprint as it is listed, or its first ${SHORTEST_PREFIX} digits or more`,
    });
  }

  /** Files that root makes belong to whom the folder above the PKI folder belongs: the service must be able to read them. */
  async handOver(): Promise<void> {
    await this.#handOver(this.pkiFolder);
    const names = await readdir(this.pkiFolder, { recursive: true }).catch(() => []);
    for (const name of names) await this.#handOver(join(this.pkiFolder, name));
  }

  async #write(kind: 'rejected' | 'trusted', certificate: CertificateFacts): Promise<string> {
    const name = certificate.commonName.replace(/[^\p{L}\p{N} ._@-]/gu, '_').slice(0, 80);
    return this.#put(this.folder(kind), `${name}[${certificate.sha1.toLowerCase()}].pem`, pemOf(certificate));
  }

  /** Whoever reads the folder meanwhile must not find half a file, and a link that lies there is not followed. */
  async #put(folder: string, name: string, content: string | Buffer): Promise<string> {
    await this.#make(folder);
    const [draft, file] = [join(folder, `.${randomUUID()}.draft`), join(folder, name)];
    await writeFile(draft, content, { flag: 'wx' });
    await this.#handOver(draft);
    await rename(draft, file);
    return file;
  }

  async #removeFrom(kind: TrustFolder, certificate: CertificateFacts): Promise<void> {
    for (const entry of await this.list(kind)) {
      if (entry.certificate.sha256 === certificate.sha256) await rm(entry.file, { force: true });
    }
  }

  async #make(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (let path = folder; path.length >= this.pkiFolder.length; path = dirname(path)) await this.#handOver(path);
  }

  async #handOver(path: string): Promise<void> {
    const [owner, own] = await Promise.all([stat(dirname(this.pkiFolder)), lstat(path)]).catch(() => []);
    if (owner === undefined || own === undefined) return;
    // Only root can give files away, and nobody else makes files that the service cannot read.
    if (owner.uid !== own.uid) await lchown(path, owner.uid, owner.gid).catch(() => undefined);
  }
}

/** `AB:CD 12` and `abcd12` mean the same. */
export function plainFingerprint(text: string): string {
  return text.replace(/[\s:]/g, '').toUpperCase();
}

export function isFingerprint(text: string): boolean {
  const plain = plainFingerprint(text);
  return /^[0-9A-F]+$/.test(plain) && plain.length >= SHORTEST_PREFIX && plain.length <= 64;
}

async function storedCertificate(file: string): Promise<StoredCertificate | undefined> {
  try {
    const { size, mtimeMs } = await stat(file);
    if (size > LARGEST_FILE) return undefined;
    const [certificate] = readCertificates(await readFile(file));
    return certificate === undefined ? undefined : { file, certificate, sinceMs: mtimeMs };
  } catch {
    return undefined;
  }
}
