import { createRequire } from 'node:module';
import { format } from 'node:util';
import { type Logger, silentLogger } from '../base/logger.js';

export type ClientLibrary = typeof import('node-opcua-client');
export type CertificateLibrary = typeof import('node-opcua-certificate-manager');

export interface OpcuaLibrary {
  readonly client: ClientLibrary;
  readonly certificates: CertificateLibrary;
}

type LibraryLogger = (context: unknown, ...parts: unknown[]) => void;

interface DebugModule {
  setWarningLogger(log: LibraryLogger): void;
  setErrorLogger(log: LibraryLogger): void;
  setTraceLogger(log: LibraryLogger): void;
}

const LONGEST_NOTE = 500;

let loading: Promise<OpcuaLibrary> | undefined;
let notes: Logger = silentLogger;

/**
 * Loads node-opcua when it is first needed: a gateway without OPC UA does not pay the second and the memory it costs.
 *
 * The library prints warnings on import and whenever a connection fails, which the agent already says in its own words;
 * they go to the debug log. Its loggers are process-wide, so the last caller's logger gets them all.
 */
export function loadLibrary(logger: Logger): Promise<OpcuaLibrary> {
  notes = logger;
  loading ??= load();
  return loading;
}

async function load(): Promise<OpcuaLibrary> {
  // The loggers have to be set before the client is imported, and only this inner module gives access to them.
  const here = createRequire(import.meta.url);
  const debug = createRequire(here.resolve('node-opcua-client'))('node-opcua-debug') as DebugModule;
  debug.setWarningLogger(note);
  debug.setErrorLogger(note);
  debug.setTraceLogger(note);
  const [client, certificates] = await Promise.all([
    import('node-opcua-client'),
    import('node-opcua-certificate-manager'),
  ]);
  return { client, certificates };
}

function note(_context: unknown, ...parts: unknown[]): void {
  notes.debug({ library: 'node-opcua' }, format(...parts).slice(0, LONGEST_NOTE));
}
