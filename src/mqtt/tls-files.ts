import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { JidokaError, messageOf } from '../base/errors.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import { mqttErrors } from './errors.js';

export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const KINDS = ['ca', 'cert', 'key'] as const;
const WARN_BEFORE_MS = 14 * 24 * 3_600_000;

/**
 * Certificate, key and authority as the files hold them. They are read whole and compared by content: that notices a
 * file renamed into place, a changed link and a restored time stamp alike, and the files are small. What is read last and
 * fits together is kept; a broken renewal leaves it in use.
 */
export class TlsFiles {
  readonly #paths: NonNullable<DestinationConfig['tls']>;
  #material: TlsMaterial = {};
  #notAfterMs = Number.POSITIVE_INFINITY;
  #broken: JidokaError | undefined;

  constructor(paths: DestinationConfig['tls']) {
    this.#paths = paths ?? {};
  }

  /** The newest content that could be used. */
  get material(): TlsMaterial {
    return this.#material;
  }

  /** @throws MQTT_TLS_FILE (config) where a file cannot be read, or the files do not fit together */
  async load(): Promise<void> {
    const material = await this.#read();
    this.#check(material);
    this.#take(material);
  }

  /** Reads the files anew; true where they have changed and can be used. What cannot be used is in `trouble`. */
  async refresh(): Promise<boolean> {
    try {
      const material = await this.#read();
      const changed = KINDS.some((kind) => !same(material[kind], this.#material[kind]));
      if (changed) this.#check(material);
      this.#broken = undefined;
      if (changed) this.#take(material);
      return changed;
    } catch (error) {
      if (!(error instanceof JidokaError)) throw error;
      this.#broken = error;
      return false;
    }
  }

  /** What a person should look at, in a sentence. */
  trouble(nowMs: number): string | undefined {
    if (this.#broken !== undefined) {
      return `${this.#broken.message} The certificate read before stays in use until the file is mended.`;
    }
    if (this.#notAfterMs - nowMs > WARN_BEFORE_MS) return undefined;
    const ends = new Date(this.#notAfterMs).toISOString().slice(0, 16).replace('T', ' ');
    const how = this.#notAfterMs > nowMs ? 'expires' : 'expired';
    return `The certificate of this gateway in ${this.#paths.cert} ${how} on ${ends} UTC. Have it renewed: a new file is taken without a restart.`;
  }

  #take(material: TlsMaterial): void {
    this.#material = material;
    this.#notAfterMs =
      material.cert === undefined ? Number.POSITIVE_INFINITY : Date.parse(new X509Certificate(material.cert).validTo);
  }

  async #read(): Promise<TlsMaterial> {
    const material: { -readonly [Kind in keyof TlsMaterial]: TlsMaterial[Kind] } = {};
    for (const kind of KINDS) {
      const path = this.#paths[kind];
      if (path !== undefined) material[kind] = await readPem(kind, path);
    }
    return material;
  }

  /** Each file may be good and yet not fit the others: a key that belongs to another certificate. */
  #check(material: TlsMaterial): void {
    if (Object.keys(material).length === 0) return;
    try {
      createSecureContext(material);
      if (material.cert !== undefined) new X509Certificate(material.cert);
    } catch (error) {
      const where = KINDS.flatMap((kind) => this.#paths[kind] ?? []).join(', ');
      throw mqttErrors.MQTT_TLS_FILE({ where, got: messageOf(error), cause: error });
    }
  }
}

function same(first: Buffer | undefined, second: Buffer | undefined): boolean {
  return first === second || (first !== undefined && second !== undefined && first.equals(second));
}

async function readPem(kind: (typeof KINDS)[number], path: string): Promise<Buffer> {
  const where = `tls.${kind}: ${path}`;
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    throw mqttErrors.MQTT_TLS_FILE({ where, got: messageOf(error), cause: error });
  }
  // OpenSSL takes a CA file without a certificate in it for an empty list, and then trusts nobody without saying why.
  if (!content.includes('-----BEGIN ')) {
    throw mqttErrors.MQTT_TLS_FILE({ where, got: 'no PEM block', expected: '-----BEGIN …' });
  }
  return content;
}
