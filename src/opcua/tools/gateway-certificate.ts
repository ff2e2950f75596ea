import type { Logger } from '../../base/logger.js';
import { loadLibrary } from '../library.js';
import type { KeyPairFiles } from '../security/key-pair.js';
import { type OwnCertificate, ownCertificate, renewOwnCertificate } from '../security/own-certificate.js';

export interface GatewayCertificateOptions {
  readonly pkiFolder: string;
  readonly applicationName: string;
  readonly files: KeyPairFiles | undefined;
  readonly renew: boolean;
  readonly nowMs: number;
  readonly logger: Logger;
}

/** The certificate that the daemon presents, made where it is missing or is to be renewed. */
export async function gatewayCertificate({ renew, ...options }: GatewayCertificateOptions): Promise<OwnCertificate> {
  const { certificates } = await loadLibrary(options.logger);
  const manager = new certificates.OPCUACertificateManager({
    rootFolder: options.pkiFolder,
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
  try {
    await manager.initialize();
    return await (renew ? renewOwnCertificate : ownCertificate)({ ...options, manager });
  } finally {
    await manager.dispose();
  }
}
