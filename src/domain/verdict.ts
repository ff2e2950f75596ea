export type Decision = 'pass' | 'fail' | 'review';

export const REASON_CODES = [
  'CLASS_FAIL',
  'CLASS_REVIEW',
  'LOW_CONFIDENCE',
  'SENSOR_OUT_OF_WINDOW',
  'SENSOR_STALE',
  'SENSOR_BAD',
  'IMAGE_UNREADABLE',
  'INFERENCE_FAILED',
  'NO_FRAME',
  'RECIPE_UNKNOWN',
  'IMAGE_TOO_DARK',
  'IMAGE_TOO_BRIGHT',
  'IMAGE_BLURRED',
  'SCENE_EMPTY',
  'CAMERA_MOVED',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** Why a part was not simply passed. */
export interface Reason {
  readonly code: ReasonCode;
  /** A plain sentence with the names and values in it. */
  readonly text: string;
}

export interface Verdict {
  readonly decision: Decision;
  /** Empty for a pass; the reason that decided stands first. */
  readonly reasons: readonly Reason[];
}

/** What the presence of one class means. */
export interface ClassRule {
  readonly action: 'fail' | 'review' | 'ignore';
  /** The rule holds from this score on, 0…1. */
  readonly threshold: number;
}

/** The window a sensor must be in for an automatic pass. */
export interface SensorRule {
  readonly sensor: string;
  readonly min?: number;
  readonly max?: number;
}

export interface VerdictPolicy {
  /** The label of a good part; null for a model that only tells defects apart. */
  readonly goodLabel: string | null;
  readonly classes: ReadonlyMap<string, ClassRule>;
  /** Below this score of the good label nothing is passed automatically. */
  readonly minimumPassConfidence: number;
  readonly sensors: readonly SensorRule[];
  /** The sensors whose stale or bad reading sends the part to review. */
  readonly requiredSensors: ReadonlySet<string>;
}
