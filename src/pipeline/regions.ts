import type { View } from '../domain/frame.js';
import type { InspectionResult, RegionResult } from '../domain/inspection.js';
import type { Classification, ClassificationTiming } from '../domain/model.js';
import type { Snapshot } from '../domain/reading.js';
import type { Decision, Reason, Verdict, VerdictPolicy } from '../domain/verdict.js';
import { type Evidence, judge, judgeSensors } from './judge.js';

/** One region of the picture as the model sees it. */
export interface RegionView {
  readonly name: string;
  readonly view: View;
}

/** What of a picture is looked at for a part. */
export type Areas =
  | { readonly kind: 'whole'; readonly view: View }
  | {
      readonly kind: 'regions';
      readonly regions: readonly RegionView[];
      /** Every region is a part of its own. */
      readonly partEach: boolean;
      /** Regions that must pass for the part to pass; undefined: all of them, and one that fails fails the part. */
      readonly passesNeeded?: number;
    };

/** What there is to say of a part before the sensors have their say. `name` is null for the whole picture. */
export interface Look {
  readonly name: string | null;
  readonly evidence: Evidence;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly result: InspectionResult | null;
  readonly regions?: readonly RegionResult[];
  readonly timing?: ClassificationTiming;
}

/** Decides one part from all that was looked at. Pure, as `judge` is, which decides where there is one look alone. */
export function judgeLooks(
  looks: readonly Look[],
  snapshot: Snapshot,
  policy: VerdictPolicy,
  passesNeeded?: number,
): Judged {
  const timing = slowest(looks);
  const timed = timing === undefined ? {} : { timing };
  const [only] = looks;
  if (only !== undefined && looks.length === 1 && only.name === null) {
    return { verdict: judge(only.evidence, snapshot, policy), result: resultOf(only.evidence), ...timed };
  }
  // The sensors speak of the part, not of a region.
  const noReadings = { ...snapshot, readings: [] };
  const regions = looks.map(({ name, evidence }) => ({
    name: name ?? '',
    verdict: judge(evidence, noReadings, policy),
    result: resultOf(evidence),
  }));
  const decision = partDecision(
    regions.map(({ verdict }) => verdict.decision),
    passesNeeded,
  );
  const against = regions.filter(({ verdict }) => verdict.decision !== 'pass');
  const firstOf = decision === 'fail' ? ['fail', 'review'] : ['review', 'fail'];
  const reasons: Reason[] = [];
  if (decision !== 'pass') {
    for (const kind of firstOf) {
      for (const { name, verdict } of against.filter((region) => region.verdict.decision === kind)) {
        reasons.push(...verdict.reasons.map(({ code, text }) => ({ code, text: `${name}: ${text}` })));
      }
    }
  }
  const doubts = judgeSensors(snapshot, policy);
  return {
    verdict: {
      decision: decision === 'pass' && doubts.length > 0 ? 'review' : decision,
      reasons: [...reasons, ...doubts],
    },
    result: deciding(regions, decision),
    regions: regions.map(({ name, verdict, result }) => ({ name, decision: verdict.decision, result })),
    ...timed,
  };
}

/**
 * Without a number of passes one fail fails the part, and one review sends it to review. With it the part passes when
 * so many regions do, and goes to review while those in doubt could still make up the number.
 */
export function partDecision(decisions: readonly Decision[], passesNeeded?: number): Decision {
  const count = (kind: Decision): number => decisions.filter((decision) => decision === kind).length;
  if (passesNeeded === undefined) return count('fail') > 0 ? 'fail' : count('review') > 0 ? 'review' : 'pass';
  if (count('pass') >= passesNeeded) return 'pass';
  return count('pass') + count('review') >= passesNeeded ? 'review' : 'fail';
}

/** The region that the part's verdict rests on: the surest finding against it, or of a part that passes the least sure. */
function deciding(
  regions: readonly { readonly verdict: Verdict; readonly result: InspectionResult | null }[],
  decision: Decision,
): InspectionResult | null {
  const results = regions
    .filter(({ verdict }) => verdict.decision === decision)
    .flatMap(({ result }) => (result === null ? [] : [result]))
    .sort((a, b) => b.score - a.score);
  return (decision === 'pass' ? results.at(-1) : results[0]) ?? null;
}

function resultOf({ classification }: Evidence): InspectionResult | null {
  return classification === undefined ? null : inspectionResult(classification);
}

function inspectionResult({ labels, scores, label, score }: Classification): InspectionResult {
  return { label, score, scores: Object.fromEntries(labels.map((name, index) => [name, scores[index] ?? 0])) };
}

/** Regions go side by side, so the part has taken as long as the slowest of them. */
function slowest(looks: readonly Look[]): ClassificationTiming | undefined {
  const timings = looks.flatMap(({ evidence }) =>
    evidence.classification === undefined ? [] : [evidence.classification.timing],
  );
  const total = ({ queueMs, preprocessMs, inferenceMs }: ClassificationTiming): number =>
    queueMs + preprocessMs + inferenceMs;
  return timings.sort((a, b) => total(b) - total(a))[0];
}
