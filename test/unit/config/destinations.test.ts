import { describe, expect, it } from 'vitest';
import { MINIMAL, problemsOf } from './helpers.js';

const brief = (source: string): string[] => problemsOf(source).map(({ path, what }) => `${path}: ${what}`);

describe('further destinations and fallbacks', () => {
  const destinations = (lines: string): string => `${MINIMAL}destinations: { scada: { url: "mqtts://b", ${lines} } }\n`;

  it('are checked as the main broker is', () => {
    expect(brief(destinations('window: 1'))).toEqual([]);
    expect(brief(destinations('username: u, tls: { cert: c.pem }'))).toEqual([
      'destinations.scada.username: There is a `username` without a `password`.',
      'destinations.scada.tls.cert: A certificate and its private key come together, and `key` is missing.',
    ]);
    expect(brief(destinations('fallbackUrls: ["mqtts://u:p@c"]'))).toEqual([
      'destinations.scada.fallbackUrls[0]: The address in `fallbackUrls` holds a user name or a password in plain text.',
    ]);
  });

  it('do not fall back to a connection that is not encrypted', () => {
    const [problem, ...others] = problemsOf(destinations('fallbackUrls: ["wss://c", "mqtt://d"]'));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      path: 'destinations.scada.fallbackUrls[1]',
      what: 'This address is not encrypted (`mqtt://`), while `url` is.',
    });
  });
});

describe('the base topic', () => {
  const topic = (text: string, location = ''): string =>
    MINIMAL.replace('{ url: "mqtt://broker:1883" }', `{ url: "mqtt://b", baseTopic: "${text}" }`).replace(
      /gateway: \{ (.*) \}/,
      `gateway: { $1${location} }`,
    );

  it.each([
    ['plant/line4', ''],
    ['{gateway}', ''],
    ['{site}/x', ''],
    ['{enterprise}/{site}', ', location: { site: berlin }'],
  ])('may be %s', (text, location) => {
    expect(brief(topic(text, location))).toEqual([]);
  });

  it('must leave something, and the place of the fault is named', () => {
    const [problem] = problemsOf(topic('{enterprise}/{site}', ', location: { line: l4 }'));
    expect(problem).toMatchObject({
      path: 'mqtt.baseTopic',
      line: 3,
      what: 'Nothing is left of the topic, since `gateway.location` does not give `enterprise`, `site`.',
    });
  });

  it('has no placeholder that means nothing', () => {
    expect(problemsOf(topic('{sites}/x'))).toMatchObject([
      { what: 'There is no placeholder `{sites}`.', instead: 'Did you mean `{site}`?' },
    ]);
    expect(problemsOf(topic('{plant7}/x'))).toMatchObject([
      { instead: expect.stringContaining('`enterprise`, `site`, `area`, `line`, `cell`, `gateway`') },
    ]);
  });

  it('has no control character', () => {
    expect(problemsOf(topic('plant\\u0000x'))).toMatchObject([{ path: 'mqtt.baseTopic' }]);
  });
});
