import { v7 } from 'uuid';
import type { Inspection } from '#jidoka/domain/inspection.js';

const STATIONS = ['press-left', 'press-right', 'trim'];
const SENSORS = 10;
const BEAT_MS = 100;

/** A part as a busy line makes them: three stations, ten readings, one fail in fifty, one review in a hundred. */
export function inspectionOf(index: number, beganAtMs: number): Inspection {
  const capturedAtMs = beganAtMs + index * BEAT_MS;
  const decision = index % 50 === 0 ? 'fail' : index % 100 === 1 ? 'review' : 'pass';
  const good = decision === 'pass' ? 0.97 + (index % 29) / 1000 : 0.31;
  return {
    id: v7({ msecs: capturedAtMs }),
    station: STATIONS[index % STATIONS.length] ?? 'trim',
    partId: `SN-${1_000_000 + index}`,
    capturedAtMs,
    decidedAtMs: capturedAtMs + 38,
    verdict: {
      decision,
      reasons: decision === 'pass' ? [] : [{ code: 'CLASS_FAIL', text: 'The class crack has 0.69, its limit is 0.5.' }],
    },
    model: { name: 'castings', version: '1.2.0', sha256: 'ab'.repeat(32) },
    result: {
      label: decision === 'pass' ? 'good' : 'crack',
      score: Math.max(good, 1 - good),
      scores: { good, crack: (1 - good) * 0.8, blowhole: (1 - good) * 0.2 },
    },
    snapshot: {
      atMs: capturedAtMs,
      readings: Array.from({ length: SENSORS }, (_, sensor) => ({
        sensor: `sensor-${sensor}`,
        value: 180 + ((index * (sensor + 3)) % 1000) / 100,
        unit: '°C',
        quality: 'good',
        status: 'Good',
        sourceTimeMs: capturedAtMs - 120,
        ageMs: 120,
        stale: false,
      })),
    },
    timing: { waitMs: 1.25, queueMs: 0.5, preprocessMs: 4.75, inferenceMs: 21.5, totalMs: 38 },
  };
}
