import { describe, expect, it } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { RESTING_LEVELS } from '#jidoka/opcua/plc-fields.js';
import { ReadyCheck } from '#jidoka/opcua/ready-check.js';

describe('Ready read back', () => {
  let reads = 0;
  function check(read: () => unknown, nodeId: string | undefined = 'i=1') {
    reads = 0;
    const readValues = async () => {
      reads += 1;
      const value = read();
      return [{ value, fault: null }];
    };
    return new ReadyCheck({ readValues } as unknown as OpcuaConnection, nodeId);
  }
  const ready = () => ({ ...RESTING_LEVELS, ready: true });

  it('has fallen when it reads false twice in a row', async () => {
    const told = ready();
    const answers = [false, true, false, false];
    const look = check(() => answers.shift());
    const seen = [];
    for (let beat = 0; beat < 5; beat += 1) seen.push(await look.look(() => told, 1000));
    expect(seen).toEqual(['stands', 'stands', 'stands', 'stands', 'fallen']);
  });

  it('is not read where the PLC was told something else since the last heartbeat, or is not ready', async () => {
    const look = check(() => false);
    for (let beat = 0; beat < 4; beat += 1) expect(await look.look(() => ready(), 1000)).toBe('stands');
    const rest = RESTING_LEVELS;
    for (let beat = 0; beat < 4; beat += 1) expect(await look.look(() => rest, 1000)).toBe('stands');
    expect(reads).toBe(0);
  });

  it('has not fallen where the station itself changed it while it was read', async () => {
    let told = ready();
    const look = check(() => {
      told = RESTING_LEVELS;
      return false;
    });
    await look.look(() => told, 1000);
    expect(await look.look(() => told, 1000)).toBe('stands');
    expect(reads).toBe(1);
  });

  it.each([
    ['is refused', () => null],
    [
      'fails',
      () => {
        throw new Error('gone');
      },
    ],
  ])('is unknown where reading %s', async (_, read) => {
    const told = ready();
    const look = check(read);
    await look.look(() => told, 1000);
    expect(await look.look(() => told, 1000)).toBe('unknown');
  });

  it('is unknown where the server does not answer in time', async () => {
    const told = ready();
    const silent = { readValues: () => new Promise(() => undefined) } as unknown as OpcuaConnection;
    const look = new ReadyCheck(silent, 'i=1');
    await look.look(() => told, 10);
    expect(await look.look(() => told, 10)).toBe('unknown');
  });

  it('takes a number for a flag', async () => {
    const told = ready();
    const look = check(() => 1);
    await look.look(() => told, 1000);
    expect(await look.look(() => told, 1000)).toBe('stands');
  });
});
