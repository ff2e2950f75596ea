import type { TokenBucket } from '../base/token-bucket.js';
import type { Lane as LaneName, Publisher } from '../ports/publisher.js';
import { CatchUp, limited, type Pace, unlimited } from './catch-up.js';
import type { Lane } from './lane.js';

/** The lanes of one destination, and how rows are dealt out to them. */
export interface Lanes {
  readonly one: boolean;
  readonly all: readonly Lane[];
  /** The lane in which rows wait after an outage. */
  readonly backlog: Lane;
  /** A connection has come up; `border` is the position of the newest row of that moment. */
  begin(border: number): void;
  /** Whether nothing is left to do before a stop. */
  isDrained(): boolean;
}

export interface LaneParts {
  readonly bucket: TokenBucket;
  readonly newest: () => Promise<number>;
  readonly wake: () => void;
  readonly make: (pace: Pace, nameOf: (position: number) => LaneName, window: number) => Lane;
}

export function lanesOf({ lanes, window }: Publisher, parts: LaneParts): Lanes {
  return lanes === 'one' ? oneLane(window, parts) : twoLanes(window, parts);
}

/** New rows stand behind the old ones, so that each station's sequence is one. */
function oneLane(window: number, { bucket, newest, wake, make }: LaneParts): Lanes {
  const pace = new CatchUp({ bucket, window, newest, wake });
  const lane = make(pace, (position) => (pace.isBacklog(position) ? 'history' : 'live'), window);
  return {
    one: true,
    all: [lane],
    backlog: lane,
    begin: (border) => {
      lane.held.connected();
      pace.begin(border);
    },
    isDrained: () => lane.caughtUp && lane.order.underWay === 0,
  };
}

/**
 * Rows committed since the connection came up go at once, those from before beside them. Each lane has half of the
 * window, so that history never holds up what is new.
 */
function twoLanes(window: number, { bucket, make }: LaneParts): Lanes {
  const half = Math.max(1, Math.floor(window / 2));
  const live = make(unlimited, () => 'live', half);
  const history = make(limited(bucket), () => 'history', half);
  return {
    one: false,
    all: [live, history],
    backlog: history,
    begin: (border) => {
      // What was live and is not settled is history now, a message that was refused included.
      live.held.clear();
      live.assign(border);
      history.held.connected();
      history.assign(0, border);
    },
    // Rows here are settled long after they were sent; those that are not go again after the next start.
    isDrained: () => live.caughtUp && history.caughtUp,
  };
}
