import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { CameraDeps } from '#jidoka/camera/camera-deps.js';
import type { FrameOrigin } from '#jidoka/domain/frame.js';
import type { OriginLog, QuarantineEntry } from '#jidoka/ports/ledger.js';

/** The origin log in memory; it outlives a camera as the real one outlives a restart. */
export class MemoryOriginLog implements OriginLog {
  readonly keys = new Set<string>();
  readonly entries: QuarantineEntry[] = [];
  forgotten: string[] = [];
  /** Set to make each call fail, as with a full disk. */
  failure: Error | undefined;

  /** What the ledger does with the commit of an inspection. */
  commit(origin: FrameOrigin): void {
    this.keys.add(origin.key);
  }

  async seen(_station: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (this.failure !== undefined) throw this.failure;
    return new Set(keys.filter((key) => this.keys.has(key)));
  }

  async quarantine(station: string, origin: FrameOrigin, reason: string): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.keys.has(origin.key)) return;
    this.keys.add(origin.key);
    this.entries.push({ station, name: origin.name, reason, atMs: Date.now() });
  }

  async forget(_station: string, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.keys.delete(key);
    this.forgotten.push(...keys);
  }

  async quarantined(): Promise<readonly QuarantineEntry[]> {
    return this.entries;
  }
}

export function cameraDeps(originLog: OriginLog = new MemoryOriginLog()): CameraDeps {
  return { station: 'press-1', originLog, logger: silentLogger, clock: systemClock };
}

export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'jidoka-camera-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Bytes that begin like a JPEG; cameras look no further. */
export function jpegBytes(text: string): Uint8Array {
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(text), Buffer.from([0xff, 0xd9])]);
}

export async function writeJpeg(folder: string, name: string, text = name): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, jpegBytes(text));
  return path;
}

/** Waits for a condition as long as a loaded machine may need; how long it took is not judged. */
export function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000 });
}
