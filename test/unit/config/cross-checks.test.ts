import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelLabelReader } from '#jidoka/config/model-labels.js';
import { MINIMAL, problemsOf, withStation } from './helpers.js';

const SERVER = '{ endpoint: "opc.tcp://plc:4840" }';
const ONE = `opcua: { plc1: ${SERVER} }\n`;
const TWO = `opcua: { plc1: ${SERVER}, plc2: ${SERVER} }\n`;
const brief = (source: string): string[] => problemsOf(source).map(({ path, what }) => `${path}: ${what}`);

describe('the OPC UA server of the gateway', () => {
  const server = (lines: string) => brief(`${MINIMAL}opcuaServer: { ${lines} }\n`);
  const user = (name: string, role = 'viewer') => `{ name: ${name}, password: { env: X }, role: ${role} }`;

  it('needs somebody who may log in', () => {
    expect(server('port: 4841')).toEqual(['opcuaServer: Nobody could log in to this server.']);
    expect(server('anonymous: true')).toEqual([]);
    expect(server(`users: [${user('mes', 'operator')}]`)).toEqual([]);
  });

  it('knows each user once', () => {
    expect(server(`users: [${user('mes')}, ${user('board')}, ${user('mes')}]`)).toEqual([
      'opcuaServer.users[2].name: There is a user `mes` already.',
    ]);
  });

  it('has no operator who could never call anything', () => {
    const open = `users: [${user('board')}, ${user('mes', 'operator')}], policies: [None]`;
    expect(server(open)).toEqual([]);
    expect(server(`${open}, host: 0.0.0.0`)).toEqual([
      'opcuaServer.users[1].role: An operator could never call a method: the only policy is `None`, and the server is open to a network.',
    ]);
    expect(server(`users: [${user('mes', 'operator')}], policies: [None, Basic256Sha256], host: 0.0.0.0`)).toEqual([]);
  });

  it('takes files, not what is in them', () => {
    expect(server('anonymous: true, certificate: { cert: "-----BEGIN CERTIFICATE-----", key: k.pem }')).toEqual([
      'opcuaServer.certificate.cert: `cert` holds the certificate or key itself.',
    ]);
  });
});

describe('OPC UA connections', () => {
  const sensors = 'sensors: [{ name: t, nodeId: i=1 }, { name: p, nodeId: i=2 }]';

  it('needs no name where one server is configured', () => {
    expect(brief(withStation(`${sensors}\ntrigger: { kind: tag, nodeId: i=3 }`, ONE))).toEqual([]);
  });

  it('says once that a server is needed, for all that use it', () => {
    const station = withStation(`${sensors}\noutput: { plc: { ok: i=3, nok: i=4 } }`);
    expect(brief(station)).toEqual([
      'stations[0].sensors[0]: A server is needed for this and 2 more, and none is configured under `opcua`.',
    ]);
  });

  it('wants a name wherever several servers are configured', () => {
    const station = withStation('sensors: [{ name: t, nodeId: i=1 }]\noutput: { plc: { ok: i=3, nok: i=4 } }', TWO);
    expect(problemsOf(station).map(({ path, line }) => `${line} ${path}`)).toEqual([
      '9 stations[0].sensors[0].connection',
      '10 stations[0].output.plc.connection',
    ]);
  });

  it.each([
    ['plc3', 'Did you mean `plc1`?'],
    ['constructor', 'Write one of `plc1`, `plc2`.'],
  ])('refuses the unknown server %s', (name, instead) => {
    const station = withStation(`trigger: { kind: tag, nodeId: i=1, connection: ${name} }`, TWO);
    expect(problemsOf(station)).toMatchObject([{ path: 'stations[0].trigger.connection', instead }]);
  });

  it.each([
    ['securityMode: sign', 'securityMode', 'needs a security policy'],
    ['securityPolicy: Basic256Sha256', 'securityPolicy', 'does nothing'],
  ])('wants mode and policy to fit: %s', (line, key, words) => {
    const [problem, ...others] = problemsOf(`${MINIMAL}opcua: { plc1: { endpoint: "opc.tcp://plc", ${line} } }\n`);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: `opcua.plc1.${key}`, what: expect.stringContaining(words) });
  });

  it('wants one login, and files of certificates instead of their content', () => {
    const server = (lines: string): string => `${MINIMAL}opcua: { plc1: { endpoint: "opc.tcp://plc", ${lines} } }\n`;
    const pair = 'userCertificate: { cert: user.pem, key: user.key }';
    expect(brief(server(pair))).toEqual([]);
    expect(brief(server(`${pair}, username: u, password: { env: P }`))).toEqual([
      'opcua.plc1.userCertificate: There are two logins, `username` and `userCertificate`.',
    ]);
    expect(brief(server('applicationCertificate: { cert: c.pem, key: "-----BEGIN PRIVATE KEY-----" }'))).toEqual([
      'opcua.plc1.applicationCertificate.key: `key` holds the certificate or key itself.',
    ]);
  });

  it('accepts mode and policy together', () => {
    const lines = 'securityMode: signAndEncrypt, securityPolicy: Basic256Sha256';
    expect(brief(`${MINIMAL}opcua: { plc1: { endpoint: "opc.tcp://plc", ${lines} } }\n`)).toEqual([]);
  });
});

describe('the broker', () => {
  const mqtt = (url: string, lines: string): string =>
    MINIMAL.replace('{ url: "mqtt://broker:1883" }', `{ url: "${url}", ${lines} }`);

  it.each([
    ['mqtt', ['mqtt.tls: The address begins with `mqtt://`, which is not encrypted, so `tls` has no effect.']],
    ['ws', ['mqtt.tls: The address begins with `ws://`, which is not encrypted, so `tls` has no effect.']],
    ['mqtts', []],
    ['wss', []],
  ])('with %s', (scheme, expected) => {
    expect(brief(mqtt(`${scheme}://broker`, 'tls: { ca: ca.pem }'))).toEqual(expected);
  });

  it('wants user name and password, certificate and key, together', () => {
    expect(brief(mqtt('mqtt://b', 'password: { env: P }'))).toEqual([
      'mqtt.password: There is a `password` without a `username`.',
    ]);
    expect(brief(mqtt('mqtt://b', 'username: u'))).toEqual([
      'mqtt.username: There is a `username` without a `password`.',
    ]);
    expect(brief(mqtt('mqtts://b', 'tls: { cert: c.pem }'))).toEqual([
      'mqtt.tls.cert: A certificate and its private key come together, and `key` is missing.',
    ]);
  });

  it('refuses secrets in an address and keys in place of their files', () => {
    expect(brief(mqtt('mqtt://u:p@b', 'window: 1'))).toEqual([
      'mqtt.url: The address in `url` holds a user name or a password in plain text.',
    ]);
    const [problem] = problemsOf(mqtt('mqtts://b', 'tls: { ca: "-----BEGIN CERTIFICATE-----" }'));
    expect(problem?.instead).toBe('Put it into a file and write the path of that file.');
  });
});

describe('several destinations', () => {
  const further = (...entries: readonly string[]): string => `${MINIMAL}destinations: { ${entries.join(', ')} }\n`;

  it.each([
    ['mes: { url: "mqtt://broker:1883" }, cloud: { url: "wss://x/mqtt" }', []],
    ['mes: { url: "mqtt://b", fallbackUrls: ["http://c"] }', ['destinations.mes.fallbackUrls[0]: ']],
    ['mqtt: { url: "mqtt://b" }', ['destinations.mqtt: The name `mqtt` belongs to the main broker.']],
    ['s: { url: "mqtt://b", profile: sparkplug }', ['destinations.s.profile: The profile `sparkplug` needs to know']],
    ['s: { url: "mqtt://b", sparkplug: { groupId: g } }', ['destinations.s.sparkplug: `sparkplug` has no effect']],
    ['s: { url: "mqtt://b", profile: sparkplug, sparkplug: { groupId: g } }', []],
    [
      's: { url: "mqtt://b", profile: sparkplug, sparkplug: { groupId: g }, willDelaySeconds: 5 }',
      ['destinations.s.willDelaySeconds: Sparkplug has no will delay'],
    ],
  ])('%s', (entries, expected) => {
    const found = brief(further(entries));
    expect(found).toHaveLength(expected.length);
    for (const [index, words] of expected.entries()) expect(found[index]).toContain(words);
  });

  it('do not share a client id at one broker, however its address is written', () => {
    const clash = 'is used at the same broker by';
    expect(brief(further('mes: { url: "mqtt://BROKER", clientId: jidoka-gw }'))).toEqual([
      `destinations.mes.clientId: The client id \`jidoka-gw\` ${clash} \`mqtt\` already.`,
    ]);
    expect(
      brief(further('mes: { url: "mqtt://x", fallbackUrls: ["mqtt://broker"], clientId: jidoka-gw }')),
    ).toHaveLength(1);
    expect(brief(further('mes: { url: "mqtt://broker:1884", clientId: jidoka-gw }'))).toEqual([]);
    expect(brief(further('a: { url: "mqtt://b", clientId: c }', 'd: { url: "mqtt://b", clientId: c }'))).toEqual([
      `destinations.d.clientId: The client id \`c\` ${clash} \`a\` already.`,
    ]);
  });
});

describe('stations', () => {
  const second = '  - name: b\n    camera: { kind: simulated }\n    model: { package: m/1.0.0 }\n';

  it('have names of their own, and so have the sensors of one station', () => {
    expect(brief(MINIMAL + second)).toEqual([]);
    expect(brief(MINIMAL + second.replace('name: b', 'name: a'))).toEqual([
      'stations[1].name: The name `a` is taken by station 1 of the list.',
    ]);
    expect(brief(withStation('sensors: [{ name: t, nodeId: i=1 }, { name: t, nodeId: i=2 }]', ONE))).toEqual([
      'stations[0].sensors[1].name: The name `t` is taken by sensor 1 of the list.',
    ]);
  });

  it.each([
    ['5', '5', 1],
    ['6', '5', 1],
    ['4', '5', 0],
  ])('have windows that can be met: %s to %s', (min, max, count) => {
    const station = withStation(`sensors: [{ name: t, nodeId: i=1, min: ${min}, max: ${max} }]`, ONE);
    expect(problemsOf(station)).toHaveLength(count);
  });

  it('do not share a folder of pictures, however it is written', () => {
    const folder = (path: string) => `camera: { kind: directory, path: ${path} }`;
    const first = MINIMAL.replace('camera: { kind: simulated }', folder('/p/in'));
    const with2 = (path: string) => first + second.replace('camera: { kind: simulated }', folder(path));
    expect(brief(with2('/p/in2'))).toEqual([]);
    expect(brief(with2('/p//x/../in/'))).toEqual([
      'stations[1].camera.path: The folder `/p//x/../in/` is watched by station 1 of the list already.',
    ]);
  });

  it('do not write one tag for two meanings', () => {
    expect(brief(withStation('output: { plc: { ok: i=1, nok: i=1 } }', ONE))).toEqual([
      'stations[0].output.plc.nok: The tag `i=1` is written as `ok` of station 1 of the list already.',
    ]);
    const servers = 'output: { plc: { connection: plc1, ok: i=1, nok: i=2 } }';
    const other = `${second}    ${servers.replace('plc1', 'plc2')}\n`;
    expect(brief(withStation(servers, other + TWO))).toEqual([]);
  });

  it('do not read what they write', () => {
    const trigger = 'trigger: { kind: tag, nodeId: i=2, partId: i=7 }';
    const output = 'output: { plc: { ok: i=1, nok: i=2, handshake: { done: i=3, ack: i=3 } } }';
    expect(brief(withStation(`${trigger}\n${output}`, ONE))).toEqual([
      'stations[0].trigger.nodeId: The tag `i=2` is written as `nok` of station 1 of the list already.',
      'stations[0].output.plc.handshake.ack: The tag `i=3` is written as `done` of station 1 of the list already.',
    ]);
    // Two stations may wait for one edge, and a part counter is its own id.
    const counter = 'trigger: { kind: tag, nodeId: i=7, partId: i=7 }';
    expect(brief(withStation(counter, `${second}    ${counter}\n${ONE}`))).toEqual([]);
  });

  it.each([
    ['delayMs: 900, delayParts: 2', ['delayParts: The way to the reject gate is given twice, as a time and in parts.']],
    [
      'delayMs: 900, deadlineMs: 901',
      ['deadlineMs: A verdict after 901 ms finds its part gone: it is at the gate after 900 ms.'],
    ],
    ['delayMs: 900, deadlineMs: 900', []],
    [
      'handshake: { ack: i=9 }',
      ['handshake.ack: The PLC is to acknowledge a result, and nothing tells it when there is one.'],
    ],
    ['counter: i=3, handshake: { ack: i=9 }', []],
    [
      'handshake: { ackTimeoutMs: 5, plcHeartbeatTimeoutMs: 5 }',
      [
        'handshake.ackTimeoutMs: `ackTimeoutMs` has no effect: the PLC does not acknowledge.',
        'handshake.plcHeartbeatTimeoutMs: `plcHeartbeatTimeoutMs` has no effect: no heartbeat of the PLC is watched.',
      ],
    ],
    [
      'partId: i=8, handshake: { triggerAck: i=9 }',
      [
        'partId: The tag `partId` gives back the id that the PLC gave, and none is read.',
        'handshake.triggerAck: `triggerAck` gives back the value of a trigger tag, and the station has none.',
      ],
    ],
  ])('have an output without contradictions: %s', (keys, expected) => {
    const found = brief(withStation(`output: { plc: { ok: i=1, nok: i=2, ${keys} } }`, ONE));
    expect(found).toEqual(expected.map((text) => `stations[0].output.plc.${text}`));
  });

  it('are checked together with what the schema finds', () => {
    const station = withStation('sensors: [{ name: t, nodeId: i=1, min: 2, max: 1, untit: C }]', ONE);
    expect(problemsOf(station).map(({ path }) => path)).toEqual([
      'stations[0].sensors[0].min',
      'stations[0].sensors[0].untit',
    ]);
  });
});

describe('class rules', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-labels-'));
    mkdirSync(join(folder, 'models', 'm', '1.0.0'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const rules = withStation('verdict: { classes: { cracks: { action: fail }, free: { action: fail } } }');
  const writeManifest = (text: string) => writeFileSync(join(folder, 'models', 'm', '1.0.0', 'model.json'), text);
  const check = (source = rules) =>
    problemsOf(source, { describeModel: modelLabelReader((name) => join(folder, 'models', name)) });
  const MANIFEST = JSON.stringify({ labels: ['free', 'crack'], goodLabel: 'free', variants: { fp32: {}, int8: {} } });

  it('are checked against the labels of the model', () => {
    writeManifest(MANIFEST);
    expect(check()).toMatchObject([
      { what: 'The model `m/1.0.0` has no class `cracks`.', instead: 'Did you mean `crack`?' },
      { what: '`free` is the class of good parts: this rule would stop every one of them.' },
    ]);
  });

  it.each([
    '{',
    '[]',
    '{"labels": "free"}',
    '{"labels": ["free"]}',
    '{"labels": ["free"], "goodLabel": null, "variants": 5}',
  ])('pass where the manifest is %s', (text) => {
    writeManifest(text);
    expect(check()).toEqual([]);
  });

  it('are checked against the highest version where none is named, as a start takes it', () => {
    writeManifest(JSON.stringify({ labels: ['cracks', 'free'], goodLabel: null, variants: {} }));
    const unversioned = rules.replace('m/1.0.0', 'm');
    expect(check(unversioned)).toEqual([]);
    mkdirSync(join(folder, 'models', 'm', '1.10.0'));
    writeFileSync(join(folder, 'models', 'm', '1.10.0', 'model.json'), MANIFEST);
    mkdirSync(join(folder, 'models', 'm', '1.9.0'));
    expect(check(unversioned)).toMatchObject([
      { what: 'The model `m` has no class `cracks`.', instead: 'Did you mean `crack`?' },
      { what: '`free` is the class of good parts: this rule would stop every one of them.' },
    ]);
  });

  it.each([
    ['int9', 'Did you mean `int8`?'],
    ['constructor', 'Its variants are `fp32`, `int8`.'],
  ])('stand beside a check of the variant: %s', (variant, instead) => {
    writeManifest(MANIFEST);
    const withVariant = (name: string) => MINIMAL.replace('m/1.0.0', `m/1.0.0\n      variant: ${name}`);
    expect(check(withVariant(variant))).toMatchObject([
      {
        path: 'stations[0].model.variant',
        line: 9,
        what: `The model \`m/1.0.0\` has no variant \`${variant}\`.`,
        instead,
      },
    ]);
    expect(check(withVariant('int8'))).toEqual([]);
  });

  it('pass where there is no manifest', () => {
    expect(check()).toEqual([]);
  });
});

describe('an HTTP camera', () => {
  const camera = (fields: string): string => MINIMAL.replace(/camera: .*/, `camera: { kind: http, ${fields} }`);

  it.each([
    ['url: "http://user:secret@camera/jpg"', 'url', 'holds a user name or a password in plain text'],
    ['url: "http://camera/jpg", username: u', 'username', 'There is a `username` without a `password`'],
    ['url: "http://camera/jpg", password: { env: P }', 'password', 'There is a `password` without a `username`'],
    ['url: "http://camera/jpg", tls: { ca: a.pem }', 'tls', '`tls` has no effect'],
    ['url: "https://camera/jpg", tls: { ca: "-----BEGIN CERTIFICATE-----" }', 'tls.ca', 'holds the certificate itself'],
  ])('is told what is wrong with %s', (fields, key, words) => {
    const problems = problemsOf(camera(fields));
    expect(problems).toMatchObject([{ path: `stations[0].camera.${key}`, what: expect.stringContaining(words) }]);
  });

  it('may have a login and an authority', () => {
    const fields = 'url: "https://camera/jpg", username: u, password: { env: P }, tls: { ca: a.pem }';
    expect(problemsOf(camera(fields))).toEqual([]);
  });
});
