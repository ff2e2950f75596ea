import { readFile } from 'node:fs/promises';

/** Bytes that have come from a port of the loopback and that their receivers have not read yet (proc_net_tcp(5)). */
export async function unreadFrom(port: number): Promise<number> {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[2] === remote)
    .reduce((sum, fields) => sum + Number.parseInt(fields[4]?.split(':')[1] ?? '0', 16), 0);
}
