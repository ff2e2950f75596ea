import type { Inspection } from '#jidoka/domain/inspection.js';
import type { Decision } from '#jidoka/domain/verdict.js';

/** A UUIDv7 that is the same for the same index. */
export function idOf(index: number): string {
  return `0193a5f0-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
}

export const CAPTURED_AT_MS = Date.UTC(2026, 2, 14, 23, 59, 58);

/** An inspection as a station makes them; part `index` is captured `index` ms after CAPTURED_AT_MS. */
export function anInspection(
  index: number,
  { station = 's1', decision = 'pass' }: { readonly station?: string; readonly decision?: Decision } = {},
): Inspection {
  const capturedAtMs = CAPTURED_AT_MS + index;
  return {
    id: idOf(index),
    station,
    partId: `PART-${index}`,
    capturedAtMs,
    decidedAtMs: capturedAtMs + 40,
    verdict: {
      decision,
      reasons: decision === 'pass' ? [] : [{ code: 'CLASS_FAIL', text: 'The class crack has 0.91, its limit is 0.5.' }],
    },
    model: { name: 'castings', version: '1.2.0', sha256: 'ab'.repeat(32) },
    result: { label: 'good', score: 0.987654321, scores: { good: 0.987654321, crack: 0.012345679 } },
    snapshot: {
      atMs: capturedAtMs,
      readings: [
        reading('temperature', 181.5, '°C', capturedAtMs),
        reading('clamped', true, undefined, capturedAtMs),
        reading('recipe', 'A-17', undefined, capturedAtMs),
        {
          sensor: 'pressure',
          value: null,
          unit: 'bar',
          quality: 'bad',
          status: 'BadNotConnected',
          sourceTimeMs: null,
          ageMs: null,
          stale: true,
        },
      ],
    },
    timing: { waitMs: 1.25, queueMs: 0.5, preprocessMs: 4.75, inferenceMs: 21.5, totalMs: 40 },
  };
}

function reading(sensor: string, value: number | boolean | string, unit: string | undefined, atMs: number) {
  return {
    sensor,
    value,
    ...(unit !== undefined && { unit }),
    quality: 'good' as const,
    status: 'Good',
    sourceTimeMs: atMs - 120,
    ageMs: 120,
    stale: false,
  };
}
