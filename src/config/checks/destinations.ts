import { clientIdOf } from '../client-id.js';
import type { Finding } from '../problem.js';
import { MAIN_DESTINATION } from '../schema/mqtt.js';
import { code } from '../wording.js';
import type { Cursor } from './cursor.js';

interface Named {
  readonly name: string;
  readonly section: Cursor;
}

/** Whether the destinations fit their profiles and can stand beside each other. */
export function checkSeveralDestinations(root: Cursor): readonly Finding[] {
  const further = root.at('destinations').entries.map(([name, section]) => ({ name, section }));
  const all = [{ name: MAIN_DESTINATION, section: root.at('mqtt') }, ...further];
  return [
    ...all.flatMap(({ section }) => checkProfile(section)),
    ...checkNames(further),
    ...checkClientIds(all, root.at('gateway').at('name').text),
  ];
}

function addressesOf(section: Cursor): readonly Cursor[] {
  return [section.at('url'), ...section.at('fallbackUrls').items];
}

function checkProfile(destination: Cursor): readonly Finding[] {
  const [profile, sparkplug, delay] = ['profile', 'sparkplug', 'willDelaySeconds'].map((key) => destination.at(key));
  if (profile === undefined || sparkplug === undefined || delay === undefined) return [];
  const findings: Finding[] = [];
  const isSparkplug = profile.text === 'sparkplug';
  if (isSparkplug && !sparkplug.exists) {
    const what = 'The profile `sparkplug` needs to know who this edge node is.';
    findings.push({ path: profile.path, at: 'value', what, instead: 'Add `sparkplug: { groupId: NAME }` beside it.' });
  }
  if (!isSparkplug && sparkplug.exists) {
    const what = '`sparkplug` has no effect with the profile `json`.';
    const instead = 'Write `profile: sparkplug` beside it, or remove the section.';
    findings.push({ path: sparkplug.path, at: 'key', what, instead });
  }
  if (isSparkplug && (delay.number ?? 0) > 0) {
    const what = 'Sparkplug has no will delay: hosts must learn of a death at once.';
    findings.push({ path: delay.path, at: 'key', what, instead: 'Remove `willDelaySeconds`.' });
  }
  return findings;
}

function checkNames(further: readonly Named[]): readonly Finding[] {
  const taken = further.find(({ name }) => name === MAIN_DESTINATION);
  if (taken === undefined) return [];
  const what = `The name ${code(MAIN_DESTINATION)} belongs to the main broker.`;
  return [{ path: taken.section.path, at: 'key', what, instead: 'Give the destination another name.' }];
}

/** Two clients with one id at one broker throw each other out for ever. */
function checkClientIds(all: readonly Named[], gateway = ''): readonly Finding[] {
  const seen = new Map<string, string>();
  return all.flatMap(({ name, section }): Finding[] => {
    const id = clientIdOf(gateway, name, section.at('clientId').text);
    const brokers = new Set(addressesOf(section).flatMap(({ text }) => brokerOf(text) ?? []));
    const other = [...brokers].map((broker) => seen.get(`${id} ${broker}`)).find((entry) => entry !== undefined);
    for (const broker of brokers) seen.set(`${id} ${broker}`, name);
    if (other === undefined) return [];
    const what = `The client id ${code(id)} is used at the same broker by ${code(other)} already.`;
    const instead = 'Give each destination a `clientId` of its own, or leave it out.';
    const given = section.at('clientId');
    return [{ path: given.exists ? given.path : section.path, at: 'key', what, instead }];
  });
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  'mqtt:': '1883',
  'mqtts:': '8883',
  'ws:': '80',
  'wss:': '443',
};

/** Host and port: the same broker, however it is written. */
function brokerOf(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  return `${hostname.toLowerCase()}:${port === '' ? (DEFAULT_PORTS[protocol] ?? '') : port}`;
}
