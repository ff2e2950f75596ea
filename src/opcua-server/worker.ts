import { createRequire } from 'node:module';
import { format } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../base/errors.js';
import type { FromServer, ServerSettings, ToServer } from './protocol.js';

// The server's own thread: it starts, shows what it is told, and passes on what clients ask for.
const LONGEST_NOTE = 500;

type LibraryLogger = (context: unknown, ...parts: unknown[]) => void;

interface DebugModule {
  setWarningLogger(log: LibraryLogger): void;
  setErrorLogger(log: LibraryLogger): void;
  setTraceLogger(log: LibraryLogger): void;
}

async function serve(port: NonNullable<typeof parentPort>, settings: ServerSettings): Promise<void> {
  const post = (message: FromServer): void => port.postMessage(message);
  quieten((text) => post({ kind: 'log', level: 'debug', text }));
  // Loaded here and nowhere else: a gateway without a server pays neither the seconds nor the memory.
  const { MachineVisionServer } = await import('./machine-vision-server.js');
  const server = new MachineVisionServer(settings, post);
  const outcome = await server.start();
  if (outcome !== undefined) {
    post(outcome);
    port.close();
    return;
  }
  port.on('message', (message: ToServer) => {
    if (message.kind === 'stop') void stop();
    else {
      server.receive(message);
      post({ kind: 'taken', messages: 1 });
    }
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    post({ kind: 'stopped' });
    port.close();
  };
}

/** The library prints warnings on import and at every failed connection. */
function quieten(tell: (text: string) => void): void {
  const note: LibraryLogger = (_context, ...parts) => tell(format(...parts).slice(0, LONGEST_NOTE));
  const here = createRequire(import.meta.url);
  const debug = createRequire(here.resolve('node-opcua-server'))('node-opcua-debug') as DebugModule;
  debug.setWarningLogger(note);
  debug.setErrorLogger(note);
  debug.setTraceLogger(note);
}

if (parentPort !== null) {
  const port = parentPort;
  serve(port, workerData as ServerSettings).catch((error: unknown) => {
    const got = messageOf(error);
    const refused: FromServer = { kind: 'refused', code: 'OPCUA_SERVER_FAILED', where: 'its start', got };
    port.postMessage(refused);
    port.close();
  });
}
