import type { Classification } from '../domain/model.js';
import type { Reading, Snapshot } from '../domain/reading.js';
import type { ClassRule, Reason, SensorRule, Verdict, VerdictPolicy } from '../domain/verdict.js';

/** What the inspection has to go on: the model's answer, or the reason why there is none. */
export type Evidence =
  | { readonly classification: Classification; readonly failure?: never }
  | { readonly failure: Reason; readonly classification?: never };

/**
 * Decides one part. Pure: the same evidence, snapshot and policy give the same verdict.
 *
 * A defect class whose rule says `fail` and whose score reaches its threshold fails the part. Nothing else rejects a
 * part, and a part passes only if nothing speaks against it: the score of the good class (with that of every class to
 * be ignored) reaches the minimum, no class asks for review, every required sensor is present and fresh, and every
 * sensor is in its window. All else is `review`: a degraded inspection never ends in a silent pass.
 */
export function judge(evidence: Evidence, snapshot: Snapshot, policy: VerdictPolicy): Verdict {
  const fails: Reason[] = [];
  const reviews: Reason[] = [];
  if (evidence.failure !== undefined) reviews.push(evidence.failure);
  else judgeClasses(evidence.classification, policy, fails, reviews);
  reviews.push(...judgeSensors(snapshot, policy));
  const reasons = [...fails, ...reviews];
  if (fails.length > 0) return { decision: 'fail', reasons };
  return { decision: reviews.length > 0 ? 'review' : 'pass', reasons };
}

const UNKNOWN_CLASS: ClassRule = { action: 'review', threshold: 0.5 };

function judgeClasses(classification: Classification, policy: VerdictPolicy, fails: Reason[], reviews: Reason[]): void {
  let acceptable = 0;
  const found: { label: string; score: number; rule: ClassRule }[] = [];
  for (const [index, label] of classification.labels.entries()) {
    const score = classification.scores[index] ?? 0;
    const rule = policy.classes.get(label) ?? UNKNOWN_CLASS;
    if (label === policy.goodLabel || rule.action === 'ignore') acceptable += score;
    else if (score >= rule.threshold) found.push({ label, score, rule });
  }
  found.sort((a, b) => b.score - a.score);
  for (const { label, score, rule } of found) {
    const text = `${label} with score ${score.toFixed(3)} (${rule.action} from ${rule.threshold})`;
    if (rule.action === 'fail') fails.push({ code: 'CLASS_FAIL', text });
    else reviews.push({ code: 'CLASS_REVIEW', text });
  }
  if (fails.length === 0 && reviews.length === 0 && acceptable < policy.minimumPassConfidence) {
    const good =
      policy.goodLabel === null
        ? 'the model has no good class'
        : `${policy.goodLabel} with score ${acceptable.toFixed(3)}`;
    reviews.push({ code: 'LOW_CONFIDENCE', text: `${good}, a pass needs ${policy.minimumPassConfidence}` });
  }
}

/** What the process values have against a pass: one reason for each that is in doubt or out of its window. */
export function judgeSensors(snapshot: Snapshot, policy: VerdictPolicy): Reason[] {
  const rules = new Map(policy.sensors.map((rule) => [rule.sensor, rule]));
  return snapshot.readings.flatMap((reading) => {
    const doubt = judgeQuality(reading);
    if (doubt !== undefined) return policy.requiredSensors.has(reading.sensor) ? [doubt] : [];
    const rule = rules.get(reading.sensor);
    return rule === undefined ? [] : judgeWindow(reading, rule);
  });
}

function judgeQuality({ sensor, quality, status, stale, ageMs }: Reading): Reason | undefined {
  if (stale) {
    const age = ageMs === null ? 'no value was ever received' : `the last value is ${(ageMs / 1000).toFixed(1)} s old`;
    return { code: 'SENSOR_STALE', text: `${sensor} is stale: ${age} (${status})` };
  }
  if (quality !== 'good') return { code: 'SENSOR_BAD', text: `${sensor} has ${quality} quality (${status})` };
  return undefined;
}

function judgeWindow({ sensor, value, unit }: Reading, { min, max }: SensorRule): Reason[] {
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number') {
    return [
      { code: 'SENSOR_BAD', text: `${sensor} has a window but its value is no number (${JSON.stringify(value)})` },
    ];
  }
  const shown = `${sensor} is ${number}${unit === undefined ? '' : ` ${unit}`}`;
  if (min !== undefined && number < min) return [{ code: 'SENSOR_OUT_OF_WINDOW', text: `${shown}, below ${min}` }];
  if (max !== undefined && number > max) return [{ code: 'SENSOR_OUT_OF_WINDOW', text: `${shown}, above ${max}` }];
  return [];
}
