import { describe, expect, it } from 'vitest';
import { mqttErrors } from '#jidoka/mqtt/errors.js';
import { Proof } from '#jidoka/mqtt/sparkplug/proof.js';

/** How the promise stands once everything that is ready has run. */
async function outcome(promise: Promise<void>): Promise<'received' | 'lost' | 'open'> {
  return Promise.race([
    promise.then(
      () => 'received' as const,
      () => 'lost' as const,
    ),
    new Promise<'open'>((resolve) => setImmediate(() => resolve('open'))),
  ]);
}

describe('a row sent with QoS 0', () => {
  it('counts as received after twice the keep-alive and a ping behind it that was answered', async () => {
    const proof = new Proof(1000);
    const row = proof.received(100);
    proof.pinged(1100);
    proof.answered(1110);
    expect(await outcome(row)).toBe('open');
    proof.heard(2099);
    expect(await outcome(row)).toBe('open');
    proof.heard(2100);
    expect(await outcome(row)).toBe('received');
  });

  it('is not proven by a packet alone, which may have been sent before', async () => {
    const proof = new Proof(1000);
    proof.pinged(50);
    const row = proof.received(100);
    proof.answered(60_000);
    proof.heard(60_001);
    expect(await outcome(row)).toBe('open');
    proof.pinged(60_002);
    proof.answered(60_003);
    expect(await outcome(row)).toBe('received');
  });

  it('settles in the order of sending and leaves the later ones', async () => {
    const proof = new Proof(1000);
    const rows = [proof.received(0), proof.received(500), proof.received(1500)];
    proof.pinged(2000);
    proof.answered(2600);
    expect(await Promise.all(rows.map(outcome))).toEqual(['received', 'received', 'open']);
    expect(proof.size).toBe(1);
  });

  it('is lost with the connection, and so is one that comes after its end', async () => {
    const proof = new Proof(1000);
    const row = proof.received(0);
    proof.end(mqttErrors.MQTT_CONNECTION_LOST());
    expect(await outcome(row)).toBe('lost');
    expect(await outcome(proof.received(1))).toBe('lost');
  });
});
