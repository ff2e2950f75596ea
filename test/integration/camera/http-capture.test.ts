import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerOf } from '../../simulators/http-camera.js';
import { eventually } from './helpers.js';
import { cameraAt, HttpRig, jpeg, makeJpegs, streamTo } from './http-rig.js';

let rig: HttpRig;
beforeEach(() => {
  rig = new HttpRig();
});
afterEach(() => rig.end());
makeJpegs();

describe('HTTP camera with a trigger', () => {
  it('takes a picture that is asked for after the trigger, one for each part', async () => {
    await rig.serve(
      (socket, { count }) => void setTimeout(() => socket.write(answerOf(jpeg(count))), count === 2 ? 100 : 0),
    );
    const camera = rig.run(cameraAt(rig.server.url, {}, { triggered: true }));
    expect(camera.capture).toBeUndefined();
    await eventually(() => expect(camera.capture).toBeDefined());
    await eventually(() => expect(rig.frames).toHaveLength(1));
    const before = Date.now();
    const taken = await Promise.all([0, 1, 2].map(() => camera.capture?.(5000, rig.ending.signal)));
    for (const frame of taken) expect(frame?.capturedAtMs).toBeGreaterThanOrEqual(before);
    expect(new Set(taken.map((frame) => frame?.sequence)).size).toBe(3);
    expect(camera.status().framesTaken).toBe(4);
    // They are the parts' own: `frames` does not give them out again.
    expect(rig.frames).toHaveLength(1);
    rig.ending.abort();
    await rig.running;
    expect(camera.capture).toBeUndefined();
  });

  it('gives up a picture that comes too late, and says why one cannot be had', async () => {
    let answers = true;
    await rig.serve((socket) => void (answers && socket.write(answerOf(jpeg()))));
    const camera = rig.run(cameraAt(rig.server.url, { connectTimeoutMs: 200 }, { triggered: true }));
    await eventually(() => expect(camera.capture).toBeDefined());
    answers = false;
    expect(await camera.capture?.(50, rig.ending.signal)).toBeUndefined();
    expect(camera.status().state).toBe('running');
    expect(await camera.capture?.(5000, rig.ending.signal)).toBeUndefined();
    expect(camera.status().text).toMatch(/^CAMERA_HTTP_SLOW/);
    answers = true;
    expect(await camera.capture?.(5000, rig.ending.signal)).toBeDefined();
    expect(camera.status().state).toBe('running');
  });

  it('fetches no more than four at once, and drops and counts the others', async () => {
    const held: Socket[] = [];
    await rig.serve((socket, { count }) => void (count === 1 ? socket.write(answerOf(jpeg())) : held.push(socket)));
    const camera = rig.run(cameraAt(rig.server.url, {}, { triggered: true }));
    await eventually(() => expect(rig.frames).toHaveLength(1));
    const capturing = Array.from({ length: 6 }, () => camera.capture?.(20_000, rig.ending.signal));
    await eventually(() => expect(held).toHaveLength(4));
    expect(camera.status().framesDropped).toBe(2);
    for (const socket of held) socket.write(answerOf(jpeg()));
    const taken = await Promise.all(capturing);
    expect(taken.filter((frame) => frame !== undefined)).toHaveLength(4);
  });

  it('does not send a refused password again for each part', async () => {
    let accepts = true;
    await rig.serve((socket) => {
      const refusal = answerOf('', 'text/plain', '401 No', 'WWW-Authenticate: Basic realm="c"\r\n');
      socket.write(accepts ? answerOf(jpeg()) : refusal);
    });
    const camera = rig.run(cameraAt(rig.server.url, { username: 'u' }, { triggered: true, password: 'p' }));
    await eventually(() => expect(rig.frames).toHaveLength(1));
    accepts = false;
    expect(await camera.capture?.(5000, rig.ending.signal)).toBeUndefined();
    const asked = rig.server.requests.length;
    expect(asked).toBe(3);
    for (let part = 0; part < 5; part += 1) expect(await camera.capture?.(5000, rig.ending.signal)).toBeUndefined();
    expect(rig.server.requests).toHaveLength(asked);
    expect(camera.status().text).toMatch(/^CAMERA_HTTP_LOGIN: .*it refuses the user u/);
  });

  it('waits out the latency of the camera, and sets the capture time back by it', async () => {
    const askedAtMs: number[] = [];
    await rig.serve((socket) => {
      askedAtMs.push(Date.now());
      socket.write(answerOf(jpeg()));
    });
    const camera = rig.run(cameraAt(rig.server.url, { latencyMs: 150 }, { triggered: true }));
    await eventually(() => expect(rig.frames).toHaveLength(1));
    const triggeredAtMs = Date.now();
    const frame = await camera.capture?.(5000, rig.ending.signal);
    expect(frame?.capturedAtMs).toBeGreaterThanOrEqual(triggeredAtMs - 1);
    expect(askedAtMs[1]).toBeGreaterThanOrEqual((frame?.capturedAtMs ?? Number.NaN) + 149);
  });

  it('has none where the camera streams', async () => {
    await rig.serve(streamTo);
    const camera = rig.run(cameraAt(rig.server.url, {}, { triggered: true }));
    await eventually(() => expect(rig.frames.length).toBeGreaterThan(1));
    expect(camera.capture).toBeUndefined();
  });
});
