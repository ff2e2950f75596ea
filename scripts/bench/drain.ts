// How fast a full outbox drains in order, against a bare loop of the same MQTT client in the same run:
// npm run bench:drain -- [--rows 1000000] [--slice 50000] [--rounds 3] [--window 50]
// Rounds alternate, so that other work on the machine meets both sides. Needs a build, and mosquitto.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import { silentLogger } from '#jidoka/base/logger.js';
import { mqttSchema } from '#jidoka/config/schema/mqtt.js';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { Deliverer } from '#jidoka/pipeline/deliver.js';
import { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { exampleInspection } from '../../test/simulators/messages.js';
import { Mosquitto } from '../../test/simulators/mosquitto.js';
import { fillOutbox } from './fill-outbox.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    slice: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    window: { type: 'string', default: '50' },
  },
});
const rows = Number(values.rows);
const rounds = Number(values.rounds);
const window = Number(values.window);
// Each round leaves a little more behind than its slice, and one goes before to warm up.
const slice = Math.min(Number(values.slice), Math.floor(rows / (rounds + 1)));
const warmUp = Math.floor(slice / 2);

const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;

class PeakMemory {
  #peakBytes = 0;
  readonly #timer = setInterval(() => this.#look(), 100);

  #look(): void {
    this.#peakBytes = Math.max(this.#peakBytes, process.memoryUsage.rss());
  }

  end(): number {
    this.#look();
    clearInterval(this.#timer);
    return this.#peakBytes;
  }
}

/** Queues the rows, and says whether the last came in as fast as the first. */
async function fill(ledger: SqliteLedger): Promise<void> {
  const stations = ['press', 'cap', 'label'];
  const blocks = await fillOutbox({
    ledger,
    directory: folder,
    rows,
    blockRows: Math.ceil(rows / 20),
    inFlight: 512,
    inspection: (number) => {
      const { origin: _origin, ...inspection } = exampleInspection(stations[number % stations.length] ?? 'press');
      return inspection;
    },
    onBlock: (block) =>
      say(
        `${block.rows} rows queued, ${Math.round(block.rowsPerSecond)}/s, resident ${megabytes(block.residentBytes)}`,
      ),
  });
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first === undefined || last === undefined) return;
  say(`inserts, last block against first: ${(last.rowsPerSecond / first.rowsPerSecond).toFixed(2)}`);
}

interface Pace {
  readonly perSecond: number;
  /** Of all threads of this process, a row. */
  readonly cpuMicroseconds: number;
}

function stopwatch(): (rows: number) => Pace {
  const [startMs, cpu] = [performance.now(), process.cpuUsage()];
  return (rows) => {
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: (rows * 1000) / (performance.now() - startMs), cpuMicroseconds: (user + system) / rows };
  };
}

/** The delivery's pace, from the first row settled to the `count`th. */
async function drain(ledger: SqliteLedger, url: string, count: number): Promise<Pace> {
  const config = mqttSchema.parse({ url, window, drainPerSecond: 100_000, clientId: 'bench-drain' });
  const startedAt = new Date().toISOString();
  const describe = () => ({ location: {}, stations: [] });
  const identity = { gateway: 'bench', version: '0', startedAt, stations: ['press', 'cap', 'label'] };
  const publisher = new MqttPublisher({ config, baseTopic: 'bench', identity, describe, logger: silentLogger });
  const deliverer = new Deliverer({
    destination: 'mqtt',
    outbox: ledger,
    publisher,
    drainPerSecond: config.drainPerSecond,
    failsFirst: false,
    logger: silentLogger,
  });
  await deliverer.start();
  await publisher.start();
  let from: { readonly stop: (rows: number) => Pace; readonly delivered: number } | undefined;
  for (;;) {
    const { delivered } = deliverer.status();
    from ??= delivered > 0 ? { stop: stopwatch(), delivered } : undefined;
    if (from !== undefined && delivered >= count) {
      const pace = from.stop(delivered - from.delivered);
      await deliverer.stop(0);
      await publisher.stop(500);
      return pace;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The pace of the bare client with the same payloads, properties and window. */
async function bareLoop(url: string, payloads: readonly Uint8Array[], count: number): Promise<Pace> {
  const client = await connectAsync(url, { protocolVersion: 5, clientId: 'bench-bare', reconnectPeriod: 0 });
  if ('setNoDelay' in client.stream) (client.stream as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
  const properties = {
    payloadFormatIndicator: true,
    contentType: 'application/json',
    userProperties: { schema: 'jidoka.inspection/1' },
  };
  const stop = stopwatch();
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let acknowledged = 0;
    const send = (): void => {
      const payload = payloads[sent % payloads.length] ?? new Uint8Array();
      sent += 1;
      client.publish('bench/press/inspection', Buffer.from(payload), { qos: 1, properties }, (error) => {
        if (error) return reject(error);
        acknowledged += 1;
        if (acknowledged === count) resolve();
        else if (sent < count) send();
      });
    };
    for (let index = 0; index < window; index += 1) send();
  });
  const pace = stop(count);
  await client.endAsync();
  return pace;
}

const told = ({ perSecond, cpuMicroseconds }: Pace): string =>
  `${Math.round(perSecond)}/s (${Math.round(cpuMicroseconds)} µs of processor a row)`;

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const folder = await mkdtemp(join(tmpdir(), `jidoka-drain-${randomBytes(3).toString('hex')}-`));
// The broker's own limit, 20 unless told, must not make the windows of the two sides differ.
const broker = await Mosquitto.start({ extra: [`max_inflight_messages ${window}`] });
const ledger = new SqliteLedger({
  directory: folder,
  imageQuotaBytes: 1_073_741_824,
  destinations: [{ name: 'mqtt' }],
  outboxQuotaBytes: 16_000_000_000,
  retention: {},
  pid: process.pid,
  logger: silentLogger,
});
try {
  await ledger.start();
  await fill(ledger);
  const payloads = (await ledger.read('mqtt', { after: 0 }, 100)).map(({ payload }) => payload);
  say(`payload ${payloads[0]?.byteLength} bytes, window ${window}, ${slice} rows a round`);
  await bareLoop(broker.url, payloads, warmUp);
  await drain(ledger, broker.url, warmUp);
  const ratios: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const memory = new PeakMemory();
    const delivery = await drain(ledger, broker.url, slice);
    const peak = memory.end();
    const bare = await bareLoop(broker.url, payloads, slice);
    ratios.push(delivery.perSecond / bare.perSecond);
    say(
      `round ${round}: delivery ${told(delivery)}, bare loop ${told(bare)}, ` +
        `ratio ${(delivery.perSecond / bare.perSecond).toFixed(2)}, resident at most ${megabytes(peak)}`,
    );
  }
  say(`median ratio ${median(ratios).toFixed(2)}`);
} finally {
  await ledger.stop();
  await broker.dispose();
  await rm(folder, { recursive: true, force: true });
}
