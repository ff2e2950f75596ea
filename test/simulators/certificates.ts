import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Why tests with certificates cannot run here; undefined where they can. */
export const opensslAbsent = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'openssl is not installed';
  }
})();

/** An authority of one test, and certificates signed by it. */
export class Authority {
  readonly cert: string;
  readonly #key: string;

  constructor(private readonly folder: string) {
    this.cert = join(folder, 'ca.pem');
    this.#key = join(folder, 'ca.key');
    const subject = ['-subj', '/CN=test authority', '-days', '2'];
    openssl(['req', '-x509', ...NEW_KEY, '-keyout', this.#key, '-out', this.cert, ...subject]);
  }

  /** `names` are alternative names such as `IP:127.0.0.1`; `days` below 0 makes it expired. */
  issue(file: string, names: string, days = 2): Certificate {
    const cert = join(this.folder, `${file}.pem`);
    const key = join(this.folder, `${file}.key`);
    const request = join(this.folder, `${file}.csr`);
    const extensions = join(this.folder, `${file}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    openssl(['req', '-new', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${file}`]);
    const signing = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial', '-extfile', extensions];
    openssl(['x509', '-req', '-in', request, '-out', cert, '-days', String(days), ...signing]);
    return { cert, key };
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
