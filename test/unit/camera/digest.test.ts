import { describe, expect, it } from 'vitest';
import { parseChallenges } from '#jidoka/camera/http/challenge.js';
import { Digest } from '#jidoka/camera/http/digest.js';
import { Login } from '#jidoka/camera/http/login.js';

// RFC 7616, 3.9.1.
const RFC_HEADERS = ['SHA-256', 'MD5'].map(
  (algorithm) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
);
const RFC_NONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const MUFASA = { method: 'GET', uri: '/dir/index.html', username: 'Mufasa', password: 'Circle of Life' };

const digest = (headers: readonly string[], nonce = RFC_NONCE): Digest | undefined =>
  Digest.strongest(parseChallenges(headers), () => nonce);
const responseOf = (authorization: string | undefined): string | undefined =>
  /response="([^"]*)"/.exec(authorization ?? '')?.[1];

describe('digest authentication', () => {
  it.each([
    ['SHA-256 before MD5', RFC_HEADERS, '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
    [
      'both in one header',
      [RFC_HEADERS.toReversed().join(', ')],
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    ],
    ['MD5 alone', RFC_HEADERS.slice(1), '8ca523f5e9506fed4657c9700eebdbec'],
    [
      'MD5 beside what is not known',
      ['Negotiate', 'Digest realm="a", nonce="b", algorithm=SHA3-512', ...RFC_HEADERS.slice(1)],
      '8ca523f5e9506fed4657c9700eebdbec',
    ],
  ])('answers the challenge of RFC 7616: %s', (_, headers, response) => {
    expect(responseOf(digest(headers)?.authorization(MUFASA))).toBe(response);
  });

  it('answers the challenge of RFC 2617', () => {
    const header =
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const authorization = digest([header], '0a4f113b')?.authorization({ ...MUFASA, password: 'Circle Of Life' });
    expect(authorization).toBe(
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41", qop=auth, nc=00000001, cnonce="0a4f113b"',
    );
  });

  it('answers a server without qop as RFC 2069 has it (erratum 749)', () => {
    const header = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
    const authorization = digest([header])?.authorization({ ...MUFASA, password: 'CircleOfLife' });
    expect(responseOf(authorization)).toBe('1949323746fe6a43ef61f9606e7febea');
    expect(authorization).not.toMatch(/nc=|cnonce=|qop=/);
  });

  it('hides the name where the server asks for it, and spells one that is not ASCII', () => {
    const header =
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8';
    const request = { method: 'GET', uri: '/doe.json', username: 'Jäsøn Doe', password: 'Secret, or not?' };
    expect(digest([`${header}, userhash=true`])?.authorization(request)).toMatch(
      /^Digest username="[0-9a-f]{64}", .*, userhash=true$/,
    );
    expect(digest([header])?.authorization(request)).toContain("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, ");
  });

  it('counts the requests under one nonce', () => {
    const login = digest(RFC_HEADERS);
    const counts = [1, 2, 3].map(() => /nc=(\w+)/.exec(login?.authorization(MUFASA) ?? '')?.[1]);
    expect(counts).toEqual(['00000001', '00000002', '00000003']);
  });

  it.each([
    ['a signature of the body', 'Digest realm="a", nonce="b", qop="auth-int"'],
    ['no nonce', 'Digest realm="a", qop="auth"'],
    ['a control character', 'Digest realm="a\u0001", nonce="b"'],
    ['nothing', ''],
    ['garbage', '=,,"=\\"'],
  ])('does not answer a challenge with %s', (_, header) => {
    expect(digest([header])).toBeUndefined();
  });
});

describe('the challenges of a header', () => {
  it('are told apart from each other and from their parameters', () => {
    const header =
      'Basic realm="a, \\"b\\"",charset="UTF-8" , Bearer,Digest  realm = x ,nonce="1=",qop=auth, NTLM abc=';
    expect(parseChallenges([header]).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])).toEqual(
      [
        ['basic', { realm: 'a, "b"', charset: 'UTF-8' }],
        ['bearer', {}],
        ['digest', { realm: 'x', nonce: '1=', qop: 'auth' }],
        ['ntlm', { abc: '' }],
      ],
    );
  });
});

describe('the login', () => {
  const credentials = { username: 'operator', password: 'sécret' };
  const BASIC = 'Basic realm="camera"';

  it('sends nothing before it is asked, then what was asked for', () => {
    const login = new Login(credentials, 'auto');
    expect(login.authorization('GET', '/')).toBeUndefined();
    expect(login.challenged([BASIC])).toEqual({ retry: true, offered: 'basic' });
    expect(login.authorization('GET', '/')).toBe(`Basic ${Buffer.from('operator:sécret').toString('base64')}`);
    login.forget();
    expect(login.authorization('GET', '/')).toBeUndefined();
  });

  it.each([
    ['auto', [BASIC, ...RFC_HEADERS], /^Digest /],
    ['basic', [BASIC, ...RFC_HEADERS], /^Basic /],
    ['digest', [BASIC, ...RFC_HEADERS], /^Digest /],
    ['auto', [BASIC], /^Basic /],
  ] as const)('with %s takes what it may of %j', (allowed, headers, form) => {
    const login = new Login(credentials, allowed);
    expect(login.challenged(headers).retry).toBe(true);
    expect(login.authorization('GET', '/')).toMatch(form);
  });

  it('does not fall back to what it may not, nor without a password', () => {
    expect(new Login(credentials, 'digest').challenged([BASIC])).toEqual({ retry: false, offered: 'basic' });
    expect(new Login(credentials, 'basic').challenged(RFC_HEADERS).retry).toBe(false);
    expect(new Login(undefined, 'auto').challenged([BASIC]).retry).toBe(false);
    expect(new Login(credentials, 'auto').challenged([])).toEqual({ retry: false, offered: 'no known way' });
  });
});
