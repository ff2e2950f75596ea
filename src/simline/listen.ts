import { type AddressInfo, createServer, type Server } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** Ports tried after the preferred one before the system is asked for any. */
const NEIGHBOURS = 20;

/**
 * Lets the server listen on 127.0.0.1: on the preferred port, else on the next free one. Port 0 is any free port.
 *
 * @returns the port
 */
export async function listenNear(server: Server, preferred: number): Promise<number> {
  for (const port of portsToTry(preferred)) {
    try {
      return await listen(server, port);
    } catch (error) {
      if (port === 0 || !['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  throw new RangeError('the last port to try is 0, which is never taken');
}

/** A free port near the preferred one, for a server that opens it itself. */
export async function freePortNear(preferred: number): Promise<number> {
  const probe = createServer();
  const port = await listenNear(probe, preferred);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function portsToTry(preferred: number): number[] {
  if (preferred === 0) return [0];
  const ports = Array.from({ length: NEIGHBOURS + 1 }, (_, index) => preferred + index);
  return [...ports.filter((port) => port <= 65_535), 0];
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
