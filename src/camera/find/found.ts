/** A camera that a search has come upon. */
export interface FoundCamera {
  /** What the configuration or another program knows it by: `/dev/video0`, `Basler-21234567`. */
  readonly id: string;
  /** What more is known, for people. */
  readonly description: string;
}

/** One way to look for cameras and what became of it. */
export interface Search {
  /** `V4L2`, `GenICam`, `libcamera`. */
  readonly kind: string;
  readonly cameras: readonly FoundCamera[];
  /** Why it could not be searched, or not completely, and what would help. */
  readonly problem?: string;
}
