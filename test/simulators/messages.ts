import { v7 } from 'uuid';
import type { Inspection } from '#jidoka/domain/inspection.js';
import { inspectionMessage } from '#jidoka/domain/message.js';
import type { OutboxRecord } from '#jidoka/domain/outbox.js';
import { STATE_SCHEMA, STATUS_SCHEMA, type StationState, type StatusMessage } from '#jidoka/domain/state.js';

const CAPTURED_AT_MS = Date.UTC(2026, 10, 23, 9, 41, 7, 250);

/** A whole inspection with every optional member, a bad reading included. */
export function exampleInspection(station = 'bottle-neck'): Inspection {
  return {
    id: v7(),
    station,
    partId: 'L4-000812',
    capturedAtMs: CAPTURED_AT_MS,
    decidedAtMs: CAPTURED_AT_MS + 48,
    verdict: {
      decision: 'review',
      reasons: [{ code: 'SENSOR_BAD', text: 'pressure is not usable: BadNotConnected.' }],
    },
    model: { name: 'bottle-neck', version: '1.2.0', sha256: 'ab'.repeat(32) },
    result: { label: 'good', score: 0.987654321, scores: { good: 0.987654321, chipped: 0.012345679 } },
    snapshot: {
      atMs: CAPTURED_AT_MS,
      readings: [
        {
          sensor: 'temperature',
          value: 71.4,
          unit: '°C',
          quality: 'good',
          status: 'Good',
          sourceTimeMs: CAPTURED_AT_MS - 120,
          ageMs: 120,
          stale: false,
        },
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
    timing: { waitMs: 1.234, queueMs: 0.4, preprocessMs: 12.5, inferenceMs: 30.1, totalMs: 48 },
    origin: { name: 'shift-a/000812.jpg', key: 'shift-a/000812.jpg:81234:1763890867250' },
  };
}

/** An inspection of several regions, one of them unjudged, for a recipe and too late. */
export function inspectionOfRegions(station = 'bottle-neck'): Inspection {
  const inspection = exampleInspection(station);
  return {
    ...inspection,
    recipe: 'A-17',
    lateMs: 12.345,
    regions: [
      { name: 'rim', decision: 'pass', result: inspection.result },
      { name: 'hub', decision: 'review', result: null },
    ],
  };
}

/** An inspection that the model could not judge and that has nothing optional. */
export function unjudgedInspection(station = 'bottle-neck'): Inspection {
  return {
    id: v7(),
    station,
    capturedAtMs: CAPTURED_AT_MS,
    decidedAtMs: CAPTURED_AT_MS + 2000,
    verdict: { decision: 'review', reasons: [{ code: 'NO_FRAME', text: 'No picture came within 2000 ms.' }] },
    model: { name: 'bottle-neck', version: '1.2.0', sha256: '0'.repeat(64) },
    result: null,
    snapshot: { atMs: CAPTURED_AT_MS, readings: [] },
    timing: { waitMs: 0, totalMs: 2000 },
  };
}

export function outboxRecord(
  position: number,
  seq: number,
  inspection: Inspection = exampleInspection(),
): OutboxRecord {
  const payload = new TextEncoder().encode(JSON.stringify(inspectionMessage(inspection, seq)));
  const { id, station, verdict, decidedAtMs } = inspection;
  return { position, inspectionId: id, station, seq, verdict: verdict.decision, decidedAtMs, payload };
}

export function onlineStatus(change: Partial<StatusMessage> = {}): StatusMessage {
  return {
    schema: STATUS_SCHEMA,
    gateway: 'line4',
    state: 'online',
    at: '2026-11-23T09:00:00.000Z',
    version: '0.1.0',
    startedAt: '2026-11-23T09:00:00.000Z',
    stations: ['bottle-neck'],
    health: 'ok',
    troubles: [],
    outboxRows: 0,
    destinations: { mqtt: { connected: true, waiting: 0, shed: 40 } },
    ...change,
  };
}

export function stationState(change: Partial<StationState> = {}): StationState {
  return {
    schema: STATE_SCHEMA,
    station: 'bottle-neck',
    at: '2026-11-23T09:41:07.298Z',
    last: {
      id: v7(),
      seq: 812,
      verdict: 'pass',
      class: 'good',
      score: 0.98765,
      capturedAt: '2026-11-23T09:41:07.250Z',
    },
    counts: { pass: 800, fail: 10, review: 2, total: 812 },
    firstPassYield: 0.98522,
    paused: null,
    dropped: { camera: 0, station: 3, paused: 0, stale: 0 },
    quarantined: 1,
    failed: { plcWrites: 0, records: 0 },
    plc: {
      late: 1,
      overruns: 0,
      ackTimeouts: 0,
      fromDecisionMs: { last: 9.1, p50: 8.7, p95: 14.2, max: 31.6 },
      fromTriggerMs: { last: 84.3, p50: 81.9, p95: 97.4, max: 143.8 },
    },
    shed: [{ destination: 'mqtt', verdict: 'pass', reason: 'full', count: 40 }],
    camera: 'running',
    model: { name: 'bottle-neck', version: '1.2.0', variant: 'fp32', provider: 'cpu' },
    thresholds: { good: 0.5, classes: { chipped: 0.5 }, changed: false },
    ...change,
  };
}
