import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LOOPBACK = '0100007F';
const ESTABLISHED = '01';
const LISTENS = '0A';

/** One line of Linux's table of TCP over IPv4, proc_net_tcp(5); addresses and states in its hexadecimal form. */
interface TcpSocket {
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly state: string;
  /** Bytes that have arrived and were not read yet. */
  readonly unread: number;
  readonly inode: string;
}

/** Bytes that have come from a port of the loopback and that their receivers have not read yet. */
export function unreadFrom(port: number): number {
  return sockets()
    .filter(({ remoteAddress, remotePort }) => remoteAddress === LOOPBACK && remotePort === port)
    .reduce((sum, { unread }) => sum + unread, 0);
}

/** Connections of a process to a port. Other processes may use a port of the same number as theirs. */
export function connectionsTo(port: number, pid: number): number {
  const own = new Set(inodesOf(pid));
  return sockets().filter(
    ({ remotePort, state, inode }) => remotePort === port && state === ESTABLISHED && own.has(inode),
  ).length;
}

/** Whether a process of this machine listens at the port, or has been reached there. */
export function servesAt(port: number): boolean {
  return sockets().some(({ localPort, state }) => localPort === port && (state === LISTENS || state === ESTABLISHED));
}

function sockets(): TcpSocket[] {
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => {
    const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = line.trim().split(/\s+/);
    const [, localPort = ''] = local.split(':');
    const [remoteAddress = '', remotePort = ''] = remote.split(':');
    const [, unread = ''] = queues.split(':');
    return {
      localPort: Number.parseInt(localPort, 16),
      remoteAddress,
      remotePort: Number.parseInt(remotePort, 16),
      state,
      unread: Number.parseInt(unread, 16),
      inode,
    };
  });
}

function inodesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [];
    } catch {
      // Closed since the listing.
      return [];
    }
  });
}
