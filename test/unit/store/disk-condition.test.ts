import { describe, expect, it } from 'vitest';
import { CommitLatency } from '#jidoka/store/commit-latency.js';
import { type Condition, conditionAt, type DiskSigns } from '#jidoka/store/disk-condition.js';

const WELL: DiskSigns = { trouble: undefined, silentMs: 0, commitP95Ms: 12, lowSpace: undefined };
const FULL = { code: 'STORE_DISK_FULL', text: 'STORE_DISK_FULL: The disk is full.' };

const at = (signs: Partial<DiskSigns>, before?: Condition, atMs = 1000): Condition | undefined =>
  conditionAt({ ...WELL, ...signs }, before, '/state', atMs);

describe('conditionAt', () => {
  it('is nothing while all is well', () => {
    expect(at({})).toBeUndefined();
    expect(at({ commitP95Ms: undefined })).toBeUndefined();
    expect(at({ silentMs: 2999 })).toBeUndefined();
  });

  it('names a commit that fails as it is, and a disk that does not answer before that', () => {
    expect(at({ trouble: FULL })).toEqual({ state: 'failing', ...FULL, sinceMs: 1000 });
    expect(at({ trouble: FULL, silentMs: 4200 })).toMatchObject({ state: 'failing', code: 'STORE_DISK_STALLED' });
    expect(at({ silentMs: 4200 })?.text).toContain('no answer for 4 s');
  });

  it('names a disk that stays slow, with the figure, until it is clearly faster', () => {
    expect(at({ commitP95Ms: 499 })).toBeUndefined();
    const slow = at({ commitP95Ms: 512.4 });
    expect(slow).toMatchObject({ state: 'degraded', code: 'STORE_DISK_SLOW' });
    expect(slow?.text).toContain('95 of 100 took up to 512 ms');
    expect(at({ commitP95Ms: 300 }, slow)).toMatchObject({ code: 'STORE_DISK_SLOW' });
    expect(at({ commitP95Ms: 249 }, slow)).toBeUndefined();
  });

  it('names the space that is left where it is little', () => {
    const low = at({ lowSpace: { freeBytes: 10_485_760, reserveBytes: 67_108_864 } });
    expect(low).toMatchObject({ state: 'degraded', code: 'STORE_SPACE_LOW' });
    expect(low?.text).toContain('10.0 MB free');
    expect(low?.text).toContain('at least 64.0 MB');
  });

  it('counts from the time at which the state began, not its latest cause', () => {
    const full = at({ trouble: FULL }, undefined, 1000);
    const stalled = at({ silentMs: 5000 }, full, 9000);
    expect(stalled).toMatchObject({ code: 'STORE_DISK_STALLED', sinceMs: 1000 });
    const slow = at({ commitP95Ms: 800 }, stalled, 12_000);
    expect(slow).toMatchObject({ code: 'STORE_DISK_SLOW', sinceMs: 12_000 });
  });
});

describe('CommitLatency', () => {
  it('knows nothing of too few commits', () => {
    const latency = new CommitLatency();
    for (let index = 0; index < 4; index += 1) latency.add(index, 900);
    expect(latency.p95Ms(4)).toBeUndefined();
  });

  it('leaves out the slowest of a hundred, and counts five', () => {
    const latency = new CommitLatency();
    for (let index = 1; index <= 100; index += 1) latency.add(index, index === 50 ? 10_000 : index);
    expect(latency.p95Ms(100)).toBe(96);
  });

  it('forgets what is older than a minute', () => {
    const latency = new CommitLatency();
    for (let index = 0; index < 10; index += 1) latency.add(0, 900);
    for (let index = 0; index < 10; index += 1) latency.add(50_000, 5);
    expect(latency.p95Ms(60_000)).toBe(900);
    expect(latency.p95Ms(60_001)).toBe(5);
    expect(latency.p95Ms(120_000)).toBeUndefined();
  });

  it('holds a bounded number', () => {
    const latency = new CommitLatency();
    for (let index = 0; index < 512; index += 1) latency.add(1, 900);
    for (let index = 0; index < 512; index += 1) latency.add(2, 5);
    expect(latency.p95Ms(3)).toBe(5);
  });
});
