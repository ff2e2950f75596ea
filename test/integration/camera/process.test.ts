import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Logger } from '#jidoka/base/logger.js';
import type { ProcessSource } from '#jidoka/camera/process/source.js';
import { cameraContract } from '../../contract/camera.js';
import { gdpCaps, gdpGrey, gdpPacket } from '../../simulators/picture-streams.js';
import { cameraDeps, eventually } from './helpers.js';
import { children, isAlive, openDescriptors, processCamera, Reading, Streams, scriptedSource } from './process-rig.js';

/** A thousand by hand; a few with every run of the tests. */
const RESTARTS = Number(process.env['JIDOKA_CAMERA_RESTARTS'] ?? 30);

cameraContract('program', async () => {
  const streams = await Streams.create();
  const stream = await streams.file(gdpGrey(48, 32, 7));
  return {
    camera: processCamera(scriptedSource([[`repeat=20,${stream}`]])),
    offer: async () => undefined,
    dispose: () => streams.remove(),
  };
});

describe('a camera behind a program', () => {
  let streams: Streams;
  let readings: Reading[];
  let good: string;

  beforeEach(async () => {
    streams = await Streams.create();
    readings = [];
    good = `repeat=20,${await streams.file(gdpGrey(48, 32, 200))}`;
  });
  afterEach(async () => {
    for (const reading of readings) await reading.end();
    await streams.remove();
    expect(children().filter(({ command }) => command === 'node' || command === 'cat')).toEqual([]);
  });

  function read(lives: readonly (readonly string[])[], change: Partial<ProcessSource> = {}, logger?: Logger): Reading {
    const deps = { ...cameraDeps(), ...(logger !== undefined && { logger }) };
    const reading = new Reading(processCamera(scriptedSource(lives, change), deps));
    readings.push(reading);
    return reading;
  }

  /** The first life ends in trouble of this kind, as the status tells it, and the second one brings pictures again. */
  async function recovers(
    first: readonly string[],
    code: RegExp,
    change: Partial<ProcessSource> = {},
  ): Promise<Reading> {
    const texts: string[] = [];
    const logger: Logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (_, text) => texts.push(text),
      error: () => undefined,
      child: () => logger,
    };
    const reading = read([first, [good]], change, logger);
    await eventually(() => expect(texts).toEqual([expect.stringMatching(code)]));
    await eventually(() => expect(reading.camera.status().state).toBe('running'));
    await eventually(() => expect(reading.frames.at(-1)?.image.data[0]).toBe(200));
    return reading;
  }

  it('restarts a program that has ended, and says with which last words', async () => {
    await recovers(
      [`send=${await streams.file(gdpGrey(48, 32, 1))}`, 'say=lens cap on', 'exit=3'],
      /CAMERA_PROGRAM_ENDED.*ended with 3: "lens cap on"/,
    );
  });

  it('restarts a program that is killed from outside', async () => {
    const reading = read([[good]]);
    await eventually(() => expect(reading.frames.length).toBeGreaterThan(2));
    const [child] = children();
    process.kill(child?.pid ?? 0, 'SIGKILL');
    await eventually(() => expect(children()[0]?.pid).not.toBe(child?.pid));
    const before = reading.frames.length;
    await eventually(() => expect(reading.frames.length).toBeGreaterThan(before));
    expect(reading.frames.map(({ sequence }) => sequence)).toEqual(reading.frames.map((_, index) => index));
  });

  it('restarts a program that has stalled', async () => {
    const stream = await streams.file(gdpGrey(48, 32, 1));
    await recovers([`send=${stream}`], /CAMERA_STALLED.*no picture for/, {
      limits: { startWithinMs: 20_000, stallAfterMs: 1500 },
    });
  });

  it('restarts a program that shows no first picture', async () => {
    await recovers([], /CAMERA_NO_PICTURE/, { limits: { startWithinMs: 2000, stallAfterMs: 20_000 } });
  });

  it('kills one that does not end, and what it has started with it', async () => {
    const logged: string[] = [];
    const reading = read(
      [['deaf', 'child', `send=${await streams.file(Buffer.from('no pictures, '.repeat(9)))}`], [good]],
      {
        explain: (end) => {
          logged.push(...end.lines);
          return { reason: undefined, pace: 'soon' };
        },
      },
    );
    await eventually(() => expect(reading.camera.status().state).toBe('running'));
    const pid = Number(/child (\d+)/.exec(logged.join())?.[1]);
    expect(pid).toBeGreaterThan(1);
    await eventually(() => expect(isAlive(pid)).toBe(false));
  });

  it('ends what a program leaves behind at its end', async () => {
    const lines: string[] = [];
    const reading = read([['child', `send=${await streams.file(gdpGrey(48, 32, 1))}`, 'exit=0'], [good]], {
      explain: (end) => {
        lines.push(...end.lines);
        return { reason: undefined, pace: 'soon' };
      },
    });
    await eventually(() => expect(reading.frames.at(-1)?.image.data[0]).toBe(200));
    const pid = Number(/child (\d+)/.exec(lines.join())?.[1]);
    await eventually(() => expect(isAlive(pid)).toBe(false));
  });

  it('restarts a program that closes its stream and lives on', async () => {
    const reading = read([[`send=${await streams.file(gdpGrey(48, 32, 1))}`, 'close'], [good]]);
    await eventually(() => expect(reading.frames.at(-1)?.image.data[0]).toBe(200));
  });

  it('refuses a picture that is too short, and one that ends with the program', async () => {
    const short = Buffer.concat([gdpCaps('GRAY8', 48, 32), gdpPacket({ type: 1, payload: Buffer.alloc(100, 1) })]);
    const first = await recovers([`send=${await streams.file(short)}`], /CAMERA_STREAM_TRUNCATED.*100 bytes/);
    await first.end();
    expect(first.frames.every(({ image }) => image.data[0] === 200)).toBe(true);
    const cut = gdpGrey(48, 32, 1).subarray(0, -5);
    const second = await recovers([`send=${await streams.file(cut)}`, 'exit=0'], /CAMERA_STREAM_TRUNCATED.*within/);
    expect(second.frames.every(({ image }) => image.data[0] === 200)).toBe(true);
  });

  it('restarts a program that writes something else than pictures', async () => {
    const text = await streams.file(Buffer.from('Setting pipeline to PAUSED ...\n'.repeat(4)));
    await recovers([`send=${text}`], /CAMERA_STREAM_MALFORMED/);
  });

  it('opens the camera anew when its pictures change their size, says so, and takes the new size then', async () => {
    const small = gdpGrey(48, 32, 1);
    const large = gdpGrey(64, 32, 2);
    const stream = await streams.file(small, large.subarray(0));
    const reading = read([[`send=${stream}`], [`repeat=20,${await streams.file(large)}`]]);
    await eventually(() => expect(reading.camera.status().text).toMatch(/^Takes pictures of 64x32 /));
    await eventually(() => expect(reading.frames.length).toBeGreaterThan(2));
    expect(reading.frames[0]?.image).toMatchObject({ width: 48 });
    expect(reading.frames.slice(1).every(({ image }) => image.kind === 'raw' && image.width === 64)).toBe(true);
    expect(reading.camera.status().framesDropped).toBe(1);
  });

  it('keeps the newest pictures of a flood and counts the others', async () => {
    const values = Array.from({ length: 100 }, (_, index) => index);
    const [flood, last] = [
      await streams.file(gdpGrey(640, 480, ...values)),
      await streams.file(gdpGrey(640, 480, 250)),
    ];
    const camera = processCamera(scriptedSource([[`flood=5,${flood}`, `send=${last}`]]));
    const ending = new AbortController();
    const iterator = camera.frames(ending.signal)[Symbol.asyncIterator]();
    const first = await iterator.next();
    expect(first.value?.sequence).toBe(0);
    // Nobody takes a picture while five hundred come; every one of them is accounted for.
    const rssBefore = process.memoryUsage().rss;
    await eventually(() => expect(camera.status().framesDropped).toBe(496));
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(100e6);
    const rest: (number | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) {
      const { value } = await iterator.next();
      rest.push(value?.sequence);
      if (count === 3) expect(value?.image.data[0]).toBe(250);
    }
    expect(rest.at(-1)).toBe(500);
    ending.abort();
    expect((await iterator.next()).done).toBe(true);
  });

  it.each(['jidoka-no-such-program', '/nowhere/gst-launch-1.0'])('says how to install %s', async (program) => {
    const reading = read([[]], { program });
    await eventually(() => expect(reading.camera.status().state).toBe('failed'));
    expect(reading.camera.status().text).toMatch(/CAMERA_PROGRAM_MISSING.* Install it: nothing\./);
  });

  it('shows no secret that the program repeats', async () => {
    const reading = read([['say=cannot log in as viewer:gehe/im', 'exit=1']], { secrets: ['gehe/im'] });
    await eventually(() => expect(reading.camera.status().text).toMatch(/viewer:\*\*\*/));
  });

  it('stops while it waits, while it starts, and while the program does not listen', async () => {
    for (const steps of [['exit=1'], [], ['deaf', good]]) {
      const reading = read([steps]);
      if (steps.includes(good)) await eventually(() => expect(reading.frames.length).toBeGreaterThan(0));
      else if (steps.length > 0) await eventually(() => expect(reading.camera.status().state).toBe('failed'));
      await reading.end();
      expect(reading.camera.status().state).toBe('stopped');
      expect(children()).toEqual([]);
    }
  });

  it(`leaves nothing behind after ${RESTARTS} restarts`, { timeout: 600_000 }, async () => {
    const stream = await streams.file(gdpGrey(320, 240, 1, 2, 3));
    const source = scriptedSource([], { program: 'cat', descriptor: 1, parameters: () => [stream] });
    const camera = processCamera(source);
    const reading = new Reading(camera);
    readings.push(reading);
    const figuresAt = async (lives: number): Promise<{ descriptors: number; rss: number }> => {
      const pictures = (): number => camera.status().framesTaken + camera.status().framesDropped;
      await vi.waitFor(() => expect(pictures()).toBeGreaterThanOrEqual(3 * lives), { timeout: 550_000, interval: 50 });
      return { descriptors: openDescriptors(), rss: process.memoryUsage().rss };
    };
    const early = await figuresAt(RESTARTS / 3);
    const late = await figuresAt(RESTARTS);
    // One program and its pipes may be there or not at the moment of looking.
    expect(late.descriptors).toBeLessThanOrEqual(early.descriptors + 4);
    expect(late.rss - early.rss).toBeLessThan(40e6);
    expect(children().filter(({ state }) => state === 'Z').length).toBeLessThanOrEqual(1);
  });
});
