import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { createInterface } from 'node:readline';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cliPath } from '../../simulators/agent-process.js';

let demo: ChildProcess;
let lines: string[];
let client: MqttClient | undefined;

beforeEach(() => {
  lines = [];
  demo = spawn(process.execPath, [cliPath, 'demo', '--rate', '10'], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (demo.stdout !== null) createInterface({ input: demo.stdout }).on('line', (line) => lines.push(line));
});

afterEach(async () => {
  await client?.endAsync(true);
  if (demo.exitCode === null && demo.signalCode === null) {
    demo.kill('SIGKILL');
    await once(demo, 'exit');
  }
});

function address(pattern: RegExp): Promise<string> {
  return vi.waitFor(
    () => {
      const found = lines.map((line) => pattern.exec(line)?.[0]).find((match) => match !== undefined);
      if (found === undefined) throw new Error(`not shown yet: ${pattern}; shown so far:\n${lines.join('\n')}`);
      return found;
    },
    { timeout: 30_000 },
  );
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('jidoka demo', () => {
  it('inspects rendered parts over real protocols, shows them calmly, and stops with exit code 0', async () => {
    const mqttUrl = await address(/mqtt:\/\/127\.0\.0\.1:\d+/);
    const opcuaUrl = await address(/opc\.tcp:\/\/127\.0\.0\.1:\d+/);
    client = await connectAsync(mqttUrl);
    const messages = new Map<string, Record<string, unknown>[]>();
    client.on('message', (topic, payload) => {
      const list = messages.get(topic) ?? [];
      list.push(JSON.parse(payload.toString()) as Record<string, unknown>);
      messages.set(topic, list);
    });
    await client.subscribeAsync('#', { qos: 1 });
    const inspections = await vi.waitFor(
      () => {
        const list = [...messages].find(([topic]) => topic.endsWith('/inspection'))?.[1] ?? [];
        expect(list.length).toBeGreaterThanOrEqual(10);
        return list;
      },
      { timeout: 20_000 },
    );
    const numbers = inspections.map(({ seq }) => Number(seq));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    expect(inspections[0]).toMatchObject({ model: { name: 'rendered-tile' } });
    await vi.waitFor(
      () => {
        const readings = inspections.at(-1)?.['readings'] as { quality: string; stale: boolean; value: unknown }[];
        expect(readings.map(({ quality, stale, value }) => [quality, stale, typeof value])).toEqual(
          readings.map(() => ['good', false, 'number']),
        );
        expect(readings.length).toBe(4);
      },
      { timeout: 20_000 },
    );
    expect([...messages.keys()].some((topic) => topic.endsWith('/status'))).toBe(true);
    expect([...messages.keys()].some((topic) => topic.endsWith('/state'))).toBe(true);
    await vi.waitFor(() => expect(lines.filter((line) => / (PASS|FAIL|REVIEW) /.test(line)).length).toBeGreaterThan(9));

    // npm passes on the Ctrl-C that the terminal has sent already.
    demo.kill('SIGINT');
    demo.kill('SIGINT');
    const [code] = await once(demo, 'exit');
    expect(code).toBe(0);
    expect(await connects(Number(new URL(mqttUrl).port))).toBe(false);
    expect(await connects(Number(new URL(opcuaUrl.replace('opc.tcp', 'http')).port))).toBe(false);
  });
});
