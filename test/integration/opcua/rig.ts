import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Logger } from '#jidoka/base/logger.js';
import { opcuaConnectionSchema } from '#jidoka/config/schema/connections.js';
import { sensorSchema } from '#jidoka/config/schema/station.js';
import { OpcuaConnection, type OpcuaConnectionOptions } from '#jidoka/opcua/connection.js';

// Starting a server takes seconds, more where other tests run beside.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

export const PATIENCE = { timeout: 40_000, interval: 20 };

/** Quick settings, so that a test does not wait for what a plant would. */
const QUICK = { publishingIntervalMs: 50, lostAfterMs: 1500, reconnectMaxMs: 800 };

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

/** A logger that keeps its lines. */
export function keptLog(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (_fields: object, message: string) => {
    lines.push({ level, message });
  };
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return { logger, lines };
}

/** Keeps the console from being written to, and gives what was to be written, until `end` is called. */
export function heardConsole(): { readonly said: readonly unknown[]; readonly end: () => void } {
  const said: unknown[] = [];
  const spies = (['log', 'warn', 'error', 'info'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...parts: unknown[]) => void said.push(parts)),
  );
  return {
    said,
    end: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

let pki: Promise<string> | undefined;

/** One PKI folder a test file: making a key takes a second. */
export function pkiFolder(): Promise<string> {
  pki ??= mkdtemp(join(tmpdir(), 'jidoka-opcua-pki-'));
  return pki;
}

export async function removePki(): Promise<void> {
  if (pki !== undefined) await rm(await pki, { recursive: true, force: true });
}

export async function makeConnection(
  endpoint: string,
  config: object = {},
  more: Partial<OpcuaConnectionOptions> = {},
): Promise<OpcuaConnection> {
  return new OpcuaConnection({
    name: 'plc',
    config: opcuaConnectionSchema.parse({ endpoint, ...QUICK, ...config }),
    pkiFolder: await pkiFolder(),
    logger: keptLog().logger,
    ...more,
  });
}

export const sensor = (name: string, tag: string, more: object = {}) =>
  sensorSchema.parse({ name, nodeId: `ns=1;s=${tag}`, samplingMs: 20, staleAfterMs: 1500, ...more });
