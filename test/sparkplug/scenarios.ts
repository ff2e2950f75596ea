import { sleep } from '#jidoka/base/lifecycle.js';
import type { PythonHost } from '../simulators/sparkplug-python-host.js';
import { DEVICES, type Rig } from './rig.js';
import { typeOf } from './view.js';

/** How long the line stands still, and the host keeps silent, to see that nothing is said meanwhile. */
const QUIET_MS = 2_500;
/** A session with a wrap of the sequence number has more messages than there are numbers. */
const MORE_THAN_NUMBERS = 300;

const NODE_REBIRTH = 'name: "Node Control/Rebirth" boolean_value: true';
export const THRESHOLD = { name: 'Control/Good Threshold', value: 0.75 } as const;

/** Everything that happens to an edge node without a primary host. */
export async function whole(rig: Rig, host: PythonHost | undefined): Promise<void> {
  rig.startAgent();
  await rig.born(0);
  await rig.partSeen();
  await rig.opcua.set('Temperature', 0, { status: 'BadSensorFailure' });
  await rig.partSeen();
  await rig.opcua.set('Temperature', 181.25);
  await makeParts(rig, MORE_THAN_NUMBERS);
  await quiet(rig);
  await rig.partSeen();
  await rebirths(rig, host);
  await threshold(rig, host);
  const back = await rig.loseCamera('outlet');
  const deaths = rig.count('DDEATH', 'outlet');
  await rig.until(() => rig.count('DDEATH', 'outlet') > deaths, 'no DDEATH');
  await rig.partSeen(['inlet']);
  const births = rig.count('DBIRTH', 'outlet');
  await back();
  await rig.more('DBIRTH', births, 'outlet');
  await rig.partSeen();
  await outage(rig, host);
  await killed(rig);
  await rig.partSeen();
  await rig.endAgent('SIGTERM');
}

/** MQTT 3.1.1: start, data, stop. */
export async function old(rig: Rig): Promise<void> {
  rig.startAgent();
  await rig.born(0);
  await rig.partSeen();
  await rig.endAgent('SIGTERM');
}

/** One server and a primary host that is away, then told of by an old message, then there. */
export async function waiting(rig: Rig, host: string): Promise<void> {
  const now = Date.now();
  rig.startAgent();
  await subscribed(rig, host);
  await rig.state(0, 'stranger', true, now);
  rig.tape.mark('other host online');
  await sleep(QUIET_MS);
  await rig.state(0, host, false, now);
  await sleep(QUIET_MS);
  await rig.state(0, host, true, now - 1_000);
  await sleep(QUIET_MS);
  await rig.state(0, host, true, now + 1_000);
  await rig.born(0);
  await rig.partSeen();
  await rig.endAgent('SIGTERM');
}

/** Two servers; the primary host leaves the first, is found on the second, and the other way round. */
export async function walking(rig: Rig, host: string): Promise<void> {
  const now = Date.now();
  await rig.state(0, host, false, now);
  await rig.state(1, host, false, now);
  rig.startAgent();
  await rig.until(() => connectionsOn(rig, 1) > 0, 'the second server was never tried');
  await rig.state(1, host, true, now + 1_000);
  await rig.born(0);
  await rig.partSeen();
  await rig.state(1, host, false, now + 500);
  await rig.partSeen();
  await rig.state(1, host, false, now + 2_000);
  await rig.more('NDEATH', 0);
  // Nobody is there to read: it is kept for the host.
  rig.part();
  await rig.state(0, host, true, now + 3_000);
  await rig.born(1);
  await rig.partSeen();
  await rig.endAgent('SIGTERM');
}

/** About as fast as two stations on two cores inspect. */
const PART_MS = 60;

async function makeParts(rig: Rig, messages: number): Promise<void> {
  const before = rig.count('DDATA');
  while (rig.count('DDATA') < before + messages) {
    rig.part();
    await sleep(PART_MS);
  }
}

/** Rows wait until they are known to be received, which the node tells of; then there is nothing left to tell. */
async function quiet(rig: Rig): Promise<void> {
  const published = (): number => rig.count('NDATA') + rig.count('DDATA');
  let before = published();
  let sinceMs = Date.now();
  await rig.until(() => {
    if (published() !== before || rig.waitingRows() > 0) {
      before = published();
      sinceMs = Date.now();
    }
    return Date.now() - sinceMs > REPORTED_MS;
  }, 'the rows do not settle');
  rig.tape.mark('idle');
  await sleep(QUIET_MS);
  rig.tape.mark('busy');
}

/** The gateway tells of its outbox at least so often. */
const REPORTED_MS = 12_000;

/** Asked for while parts are made: by protoc's hand without a timestamp at the metric, and by another implementation. */
async function rebirths(rig: Rig, host: PythonHost | undefined): Promise<void> {
  const now = Date.now();
  const asks = [
    () => rig.command('NCMD', `timestamp: ${now} metrics { ${NODE_REBIRTH} }`),
    () => rig.command('NCMD', `timestamp: ${now} metrics { ${NODE_REBIRTH} timestamp: ${now} datatype: 11 }`),
    ...(host === undefined ? [] : [async () => host.requestRebirth(rig.node)]),
  ];
  for (const ask of asks) {
    const births = rig.count('NBIRTH');
    rig.part();
    await ask();
    rig.part();
    await rig.more('NBIRTH', births);
    await rig.partSeen();
  }
}

async function threshold(rig: Rig, host: PythonHost | undefined): Promise<void> {
  const { name, value } = THRESHOLD;
  const before = rig.count('DDATA', 'inlet');
  await rig.command('DCMD', `timestamp: ${Date.now()} metrics { name: "${name}" double_value: ${value} }`, 'inlet');
  await rig.more('DDATA', before, 'inlet');
  if (host === undefined) return;
  const other = rig.count('DDATA', 'outlet');
  host.write(rig.node, 'outlet', name, value);
  await rig.more('DDATA', other, 'outlet');
}

/** The broker is gone while parts are made; they come later as history. The host is back first, as a primary one is. */
async function outage(rig: Rig, host: PythonHost | undefined): Promise<void> {
  const hostConnections = host?.connections ?? 0;
  const births = rig.count('NBIRTH');
  await rig.brokers[0]?.kill();
  for (let part = 0; part < 10; part += 1) {
    const waiting = rig.waitingRows();
    rig.part();
    await rig.until(() => rig.waitingRows() >= waiting + DEVICES.length, 'a part of the outage is not recorded');
  }
  rig.proxies[0]?.refuse(true);
  await rig.brokers[0]?.restart();
  await rig.until(() => host === undefined || host.connections > hostConnections, 'the host does not come back');
  rig.proxies[0]?.refuse(false);
  await rig.more('NBIRTH', births);
  const data = rig.count('DDATA');
  await rig.until(() => rig.count('DDATA') >= data + DEVICES.length, 'no history');
  await rig.partSeen();
}

async function killed(rig: Rig): Promise<void> {
  const births = rig.count('NBIRTH');
  await rig.endAgent('SIGKILL');
  rig.startAgent();
  await rig.more('NBIRTH', births);
}

async function subscribed(rig: Rig, host: string): Promise<void> {
  await rig.until(
    () =>
      rig.tape.entries.some(
        (entry) =>
          entry.kind === 'packet' &&
          entry.packet.cmd === 'subscribe' &&
          entry.packet.subscriptions.some(({ topic }) => typeOf(topic) === 'STATE' && topic.endsWith(`/${host}`)),
      ),
    "the primary host's STATE is not subscribed to",
  );
}

function connectionsOn(rig: Rig, server: number): number {
  return rig.tape.entries.filter(
    (entry) => entry.kind === 'packet' && entry.server === server && entry.packet.cmd === 'connect',
  ).length;
}
