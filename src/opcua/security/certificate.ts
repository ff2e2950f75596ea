import { X509Certificate } from 'node:crypto';

/** What a reader or a check needs to know of a certificate. */
export interface CertificateFacts {
  readonly der: Buffer;
  /** `CN=…, O=…`, in the certificate's order. */
  readonly subject: string;
  readonly issuer: string;
  readonly commonName: string;
  readonly selfSigned: boolean;
  readonly authority: boolean;
  readonly applicationUri: string | null;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Upper-case hexadecimal without separators; OPC UA servers show this one as the thumbprint. */
  readonly sha1: string;
  readonly sha256: string;
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const LONGEST_CHAIN = 8;

/** The certificates of a file in PEM or DER, the first one the owner's. Throws where the bytes are something else. */
export function readCertificates(bytes: Buffer): readonly CertificateFacts[] {
  const blocks = bytes.toString('latin1').match(PEM_BLOCK);
  if (blocks !== null) return blocks.slice(0, LONGEST_CHAIN).map((block) => certificateFacts(Buffer.from(block)));
  return splitChain(bytes).map(certificateFacts);
}

/** Takes one certificate apart, in PEM or DER. Throws where the bytes are none. */
export function certificateFacts(bytes: Buffer): CertificateFacts {
  const certificate = new X509Certificate(bytes);
  const names = alternativeNames(certificate.subjectAltName);
  const of = (kind: string): string[] => names.filter((name) => name.kind === kind).map(({ value }) => value);
  return {
    der: certificate.raw,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    commonName: /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1] ?? '',
    selfSigned: certificate.subject === certificate.issuer,
    authority: certificate.ca,
    applicationUri: of('URI')[0] ?? null,
    dnsNames: of('DNS'),
    ipAddresses: of('IP Address').map(plainIp),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    sha1: certificate.fingerprint.replaceAll(':', ''),
    sha256: certificate.fingerprint256.replaceAll(':', ''),
  };
}

export function pemOf({ der }: CertificateFacts): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Servers send a chain as certificates in DER one behind the other. */
export function splitChain(bytes: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  let rest = bytes;
  while (rest.length > 0 && parts.length < LONGEST_CHAIN) {
    const length = derLength(rest);
    if (length === undefined || length > rest.length) throw new Error('this is no certificate');
    parts.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  if (parts.length === 0) throw new Error('there is no certificate in it');
  return parts;
}

/** The whole length of the DER sequence at the beginning of the bytes. */
function derLength(bytes: Buffer): number | undefined {
  const [tag, first] = bytes;
  if (tag !== 0x30 || first === undefined) return undefined;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 3 || bytes.length < 2 + count) return undefined;
  return 2 + count + bytes.readUIntBE(2, count);
}

interface AlternativeName {
  readonly kind: string;
  readonly value: string;
}

/** Node writes `DNS:plc1, URI:urn:x, IP Address:10.0.0.1` and puts a value with odd characters into JSON quotes. */
function alternativeNames(text: string | undefined): readonly AlternativeName[] {
  const pattern = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;
  return [...(text ?? '').matchAll(pattern)].map(([, kind = '', value = '']) => ({
    kind: kind.trim(),
    value: value.startsWith('"') ? unquoted(value) : value,
  }));
}

function unquoted(value: string): string {
  try {
    return String(JSON.parse(value));
  } catch {
    return '';
  }
}

/** `0:0:0:0:0:0:0:1` is written in a form of its own; the URL parser gives the shortest one. */
function plainIp(text: string): string {
  if (!text.includes(':')) return text;
  try {
    return new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return text;
  }
}

function oneLine(name: string): string {
  return name.split('\n').join(', ');
}
