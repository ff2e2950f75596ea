import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Link, type LinkOptions } from '#jidoka/mqtt/link.js';
import { AedesBroker } from '../../simulators/aedes-broker.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

let closers: Array<() => Promise<unknown>>;

beforeEach(() => {
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

/** A link as a publisher would own one; it writes down what it is told. */
async function start(url: string, fallbackUrls: string[] = [], change: Partial<LinkOptions> = {}) {
  const told: string[] = [];
  let wills = 0;
  const link = new Link({
    config: publisherOptions(url, { fallbackUrls }).config,
    logger: publisherOptions(url).logger,
    clientId: 'linked',
    will: () => {
      wills += 1;
      return { topic: 'plant/will', payload: Buffer.from(`will ${wills}`), retain: false };
    },
    onUp: ({ where, protocol }) => told.push(`up ${where} ${protocol}`),
    onDown: ({ code }) => told.push(`down ${code}`),
    ...change,
  });
  closers.push(() => link.stop(300));
  await link.start();
  return { link, told, wills: () => wills };
}

const tells = (told: readonly string[], expected: readonly string[]) =>
  vi.waitFor(() => expect(told).toEqual(expected), { timeout: 10_000 });

it('asks for a will before every CONNECT, the second try with the older protocol included', async () => {
  const aedes = await AedesBroker.onFreePort();
  closers.push(() => aedes.stop());
  await aedes.start();
  const { told, wills } = await start(aedes.url);
  await tells(told, [`up ${aedes.url} 3.1.1`]);
  expect(wills()).toBe(2);
});

it('makes an attempt that failed of a will that cannot be had, and tries again', async () => {
  const aedes = await AedesBroker.onFreePort();
  closers.push(() => aedes.stop());
  await aedes.start();
  const { mqttErrors } = await import('#jidoka/mqtt/errors.js');
  let asked = 0;
  const will = async () => {
    asked += 1;
    if (asked === 1) throw mqttErrors.MQTT_NOT_CONNECTED({ got: 'the number of the session could not be kept' });
    return { topic: 'plant/will', payload: new Uint8Array(), retain: false };
  };
  const { link, told } = await start(aedes.url, [], { will });
  await vi.waitFor(() => expect(link.status().text).toContain('could not be kept'));
  await tells(told, [`up ${aedes.url} 3.1.1`]);
});

describe.skipIf(mosquittoAbsent)(`mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  async function broker(): Promise<{ url: string; consumer: Subscriber }> {
    const mosquitto = await Mosquitto.start();
    closers.push(() => mosquitto.dispose());
    const consumer = await Subscriber.start(mosquitto.url, 'plant/#');
    closers.push(() => consumer.stop());
    return { url: mosquitto.url, consumer };
  }

  it('moves on to the next broker with its last words and, where they ask for it, with its will', async () => {
    const [first, second] = [await broker(), await broker()];
    const farewell: LinkOptions['farewell'] = async (connection, why) => {
      await connection.publish({ topic: 'plant/bye', payload: Buffer.from(why), retain: false });
      return { sendWill: why === 'moved' };
    };
    const { link, told } = await start(first.url, [second.url], { farewell });
    await tells(told, [`up ${first.url} 5`]);
    await link.moveOn();
    await tells(told, [`up ${first.url} 5`, 'down MQTT_CONNECTION_LOST', `up ${second.url} 5`]);
    const words = ({ received }: Subscriber) => received.map(({ text }) => text);
    await vi.waitFor(() => expect(words(first.consumer)).toEqual(['moved', 'will 1']));
    await link.stop(1000);
    await vi.waitFor(() => expect(words(second.consumer)).toEqual(['stopped']));
    expect(told.at(-1)).toMatch(/^down /);
    expect(link.connection).toBeUndefined();
    expect(link.status()).toEqual({ state: 'stopped', text: 'Stopped.' });
  });

  it('comes back to the only broker it has', async () => {
    const { url } = await broker();
    const { link, told } = await start(url);
    await tells(told, [`up ${url} 5`]);
    await link.moveOn();
    expect(link.status().text).toMatch(/Trying again in about 1 s/);
    await tells(told, [`up ${url} 5`, 'down MQTT_CONNECTION_LOST', `up ${url} 5`]);
  });

  it('does not wait for last words that take too long', async () => {
    const { url } = await broker();
    const never = () => new Promise<undefined>(() => undefined);
    const { link, told } = await start(url, [], { farewell: never });
    await tells(told, [`up ${url} 5`]);
    const connection = link.connection;
    await link.stop(50);
    expect(connection?.usable).toBe(false);
    expect(link.status().state).toBe('stopped');
    expect(told).toHaveLength(2);
  });
});
