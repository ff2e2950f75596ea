import type { ISessionContext } from 'node-opcua-address-space';
import { AnonymousIdentityToken, MessageSecurityMode, UserNameIdentityToken } from 'node-opcua-client';
import { describe, expect, it, vi } from 'vitest';
import { Access } from '#jidoka/opcua-server/access.js';

const users = [
  { name: 'anna', password: 'right', role: 'operator' },
  { name: 'board', password: 'right', role: 'viewer' },
  { name: 'anonymous', password: 'right', role: 'operator' },
] as const;

function session(userName: string | undefined, securityMode: MessageSecurityMode): ISessionContext {
  const userIdentityToken =
    userName === undefined ? new AnonymousIdentityToken() : new UserNameIdentityToken({ userName });
  return { session: { userIdentityToken, channel: { securityMode } } } as unknown as ISessionContext;
}

const { None, Sign, SignAndEncrypt } = MessageSecurityMode;

describe('who may call methods', () => {
  it.each([
    ['0.0.0.0', 'anna', SignAndEncrypt, 'anna'],
    ['0.0.0.0', 'anna', Sign, 'anna'],
    ['0.0.0.0', 'anna', None, undefined],
    ['127.0.0.1', 'anna', None, 'anna'],
    ['127.0.0.1', 'board', SignAndEncrypt, undefined],
    ['127.0.0.1', 'stranger', SignAndEncrypt, undefined],
    ['127.0.0.1', undefined, SignAndEncrypt, undefined],
    ['0.0.0.0', 'anonymous', SignAndEncrypt, 'anonymous'],
  ] as const)('on %s: %s', (host, name, mode, operator) => {
    const access = new Access({ users, host }, () => undefined);
    expect(access.operatorOf(session(name, mode))).toBe(operator);
  });

  it('is nobody without a session', () => {
    const access = new Access({ users, host: '127.0.0.1' }, () => undefined);
    expect(access.operatorOf({} as ISessionContext)).toBeUndefined();
  });
});

describe('a login', () => {
  it('is let in with the right password, and told of otherwise after a while', async () => {
    vi.useFakeTimers();
    try {
      const refused: string[] = [];
      const access = new Access({ users, host: '127.0.0.1' }, (name) => refused.push(name));
      expect(await access.admits('anna', 'right')).toBe(true);
      let answered = 0;
      const wrong = [
        ['anna', 'wrong'],
        ['anna', ''],
        ['stranger', ''],
      ].map(async ([name = '', password = '']) => {
        const admitted = await access.admits(name, password);
        answered += 1;
        return admitted;
      });
      await vi.advanceTimersByTimeAsync(500);
      expect(answered).toBe(0);
      await vi.advanceTimersByTimeAsync(1000);
      expect(await Promise.all(wrong)).toEqual([false, false, false]);
      expect(refused).toEqual(['anna', 'anna', 'stranger']);
    } finally {
      vi.useRealTimers();
    }
  });
});
