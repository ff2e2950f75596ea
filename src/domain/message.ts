import { isoUtc } from '../base/clock.js';
import type { Inspection, InspectionResult } from './inspection.js';
import type { Quality, Reading, ReadingValue } from './reading.js';
import type { Decision, ReasonCode } from './verdict.js';

/** Raised when a consumer of the old form would misread the new one. */
export const INSPECTION_SCHEMA = 'jidoka.inspection/1';

/**
 * The public record of one inspection: what the outbox keeps and what a consumer gets on `BASE/STATION/inspection`.
 * Everything a consumer needs is in it; nothing has to be looked up in a topic or a header.
 */
export interface InspectionMessage extends ResultMessage {
  readonly schema: typeof INSPECTION_SCHEMA;
  /** UUIDv7. The same inspection always has the same id: consumers drop what they have seen. */
  readonly id: string;
  readonly station: string;
  /** Counts the station's inspections from 1 without gaps. */
  readonly seq: number;
  readonly partId?: string;
  readonly recipe?: string;
  readonly source?: string;
  readonly capturedAt: string;
  readonly decidedAt: string;
  readonly verdict: Decision;
  readonly reasons: readonly { readonly code: ReasonCode; readonly text: string }[];
  readonly readings: readonly ReadingMessage[];
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  /** Latency by stage in ms; a stage that did not happen is absent. */
  readonly latencyMs: {
    readonly wait: number;
    readonly queue?: number;
    readonly preprocess?: number;
    readonly inference?: number;
    readonly total: number;
  };
  /** Present where the verdict missed its deadline: by how much. */
  readonly lateMs?: number;
  /** Present where several regions of the picture were judged, each by itself. */
  readonly regions?: readonly RegionMessage[];
}

/** What the model said. */
export interface ResultMessage {
  /** null, as `score` and `scores`, where the model could not judge. */
  readonly class: string | null;
  readonly score: number | null;
  readonly scores: Readonly<Record<string, number>> | null;
}

export interface RegionMessage extends ResultMessage {
  readonly name: string;
  readonly verdict: Decision;
}

export interface ReadingMessage {
  readonly sensor: string;
  readonly value: ReadingValue;
  readonly unit?: string;
  readonly quality: Quality;
  readonly status: string;
  readonly sourceTime: string | null;
  readonly ageMs: number | null;
  readonly stale: boolean;
}

/** Scores keep five digits: more is noise, and the message is sent for years. */
export function inspectionMessage(inspection: Inspection, seq: number): InspectionMessage {
  const { timing, result, model } = inspection;
  return {
    schema: INSPECTION_SCHEMA,
    id: inspection.id,
    station: inspection.station,
    seq,
    ...(inspection.partId !== undefined && { partId: inspection.partId }),
    ...(inspection.recipe !== undefined && { recipe: inspection.recipe }),
    ...(inspection.origin !== undefined && { source: inspection.origin.name }),
    capturedAt: isoUtc(inspection.capturedAtMs),
    decidedAt: isoUtc(inspection.decidedAtMs),
    verdict: inspection.verdict.decision,
    reasons: inspection.verdict.reasons.map(({ code, text }) => ({ code, text })),
    ...resultMessage(result),
    readings: inspection.snapshot.readings.map(readingMessage),
    model: { name: model.name, version: model.version, sha256: model.sha256 },
    latencyMs: {
      wait: digits(timing.waitMs, 2),
      ...(timing.queueMs !== undefined && { queue: digits(timing.queueMs, 2) }),
      ...(timing.preprocessMs !== undefined && { preprocess: digits(timing.preprocessMs, 2) }),
      ...(timing.inferenceMs !== undefined && { inference: digits(timing.inferenceMs, 2) }),
      total: digits(timing.totalMs, 2),
    },
    ...(inspection.lateMs !== undefined && { lateMs: digits(inspection.lateMs, 2) }),
    ...(inspection.regions !== undefined && {
      regions: inspection.regions.map(({ name, decision, result }) => ({
        name,
        verdict: decision,
        ...resultMessage(result),
      })),
    }),
  };
}

function resultMessage(result: InspectionResult | null): ResultMessage {
  if (result === null) return { class: null, score: null, scores: null };
  const scores = Object.entries(result.scores).map(([label, score]) => [label, digits(score, 5)]);
  return { class: result.label, score: digits(result.score, 5), scores: Object.fromEntries(scores) };
}

function readingMessage(reading: Reading): ReadingMessage {
  return {
    sensor: reading.sensor,
    value: reading.value,
    ...(reading.unit !== undefined && { unit: reading.unit }),
    quality: reading.quality,
    status: reading.status,
    sourceTime: reading.sourceTimeMs === null ? null : isoUtc(reading.sourceTimeMs),
    ageMs: reading.ageMs === null ? null : Math.round(reading.ageMs),
    stale: reading.stale,
  };
}

function digits(value: number, count: number): number {
  const factor = 10 ** count;
  return Math.round(value * factor) / factor;
}
