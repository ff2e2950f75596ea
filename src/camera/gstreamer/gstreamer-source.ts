import { explainEnd, explainLines } from '../process/explain.js';
import type { ProgramEnd } from '../process/program.js';
import type { Ending, ProcessSource } from '../process/source.js';
import type { SupervisorLimits } from '../process/supervisor.js';
import { GSTREAMER_INSTALL } from './packages.js';
import { GSTREAMER_SAYINGS } from './sayings.js';

/** Our own conversion does not take what the pipeline before it gives. */
const UNLINKED = /could not link \S+ to (videoconvert|bayer2rgb)\d/;

const NEWEST_ONLY = ['!', 'queue', 'leaky=downstream', 'max-size-buffers=1', 'max-size-bytes=0', 'max-size-time=0'];

/** A driver gives a trigger at least this long before it gives up; an earlier end has another cause. */
const TRIGGER_PATIENCE_MS = 1500;

export interface GstreamerSourceOptions {
  readonly name: string;
  /** From the source up to but without conversion and sink, one word an argument of `gst-launch-1.0`. */
  readonly words: readonly string[];
  readonly limits: SupervisorLimits;
  readonly reconnectMaxMs: number;
  readonly latencyMs: number;
  readonly constantRate?: boolean;
  /** A picture that the conversion has no time for gives way to the next one, instead of waiting and growing old. */
  readonly newestOnly?: boolean;
  /** The camera sends a picture at each edge of its trigger input, and nothing between. */
  readonly triggered?: boolean;
  readonly secrets?: readonly string[];
  readonly program?: string;
}

/**
 * A `gst-launch-1.0` with the pipeline of a camera, behind which jidoka's own elements stand:
 *
 * `videoconvert` makes grey or RGB of whatever comes, where it is not one of the two already; `gdppay` writes size, format
 * and time of each picture into the stream itself, so that a change under way is understood; `fdsink` writes it out.
 */
export class GstreamerSource implements ProcessSource {
  readonly name: string;
  readonly program: string;
  readonly install = GSTREAMER_INSTALL;
  readonly framing = 'gdp';
  readonly descriptor = 3;
  readonly secrets: readonly string[];
  readonly latencyMs: number;
  readonly constantRate: boolean;
  readonly limits: SupervisorLimits;
  readonly reconnectMaxMs: number;
  readonly #words: readonly string[];
  readonly #triggered: boolean;
  readonly #newestOnly: boolean;
  #demosaics: boolean;
  /** Why the first of the two conversions failed, while the other one is tried. */
  #misfit: Ending | undefined;

  constructor(options: GstreamerSourceOptions) {
    this.name = options.name;
    this.program = options.program ?? 'gst-launch-1.0';
    this.secrets = options.secrets ?? [];
    this.latencyMs = options.latencyMs;
    this.constantRate = options.constantRate ?? false;
    this.limits = options.limits;
    this.reconnectMaxMs = options.reconnectMaxMs;
    this.#words = options.words;
    this.#triggered = options.triggered ?? false;
    this.#newestOnly = options.newestOnly ?? false;
    this.#demosaics = endsInBayer(options.words);
  }

  parameters(): readonly string[] {
    return [
      '-q',
      // Without it a crash ends in a loop that waits for a debugger.
      '--no-fault',
      ...this.#words,
      ...(this.#newestOnly ? NEWEST_ONLY : []),
      ...(this.#demosaics ? ['!', 'bayer2rgb'] : []),
      ...['!', 'videoconvert', '!', 'video/x-raw,format=(string){GRAY8,RGB}'],
      ...['!', 'gdppay', 'crc-header=false', '!', 'fdsink', 'fd=3', 'sync=false'],
    ];
  }

  explain(end: ProgramEnd, livedMs: number): Ending {
    if (this.#triggered && livedMs >= TRIGGER_PATIENCE_MS && gaveUpWaiting(end.lines)) {
      return { reason: undefined, pace: 'at-once', idle: true };
    }
    const ending =
      explainLines(end.lines, GSTREAMER_SAYINGS, this.name) ?? explainEnd(end, this.program, this.install, this.name);
    return this.#besideConversion(ending, end.lines);
  }

  /**
   * Whether a source sends Bayer patterns is known only once the camera is asked, and `videoconvert` does not take them. So
   * where the formats do not fit, the other conversion is tried once; where that does not help either, it is the fault
   * of neither, and what the first one met is told.
   */
  #besideConversion(ending: Ending, lines: readonly string[]): Ending {
    const first = this.#misfit;
    this.#misfit = undefined;
    const misfit = ending.reason?.code === 'CAMERA_FORMAT_UNUSABLE' || lines.some((line) => UNLINKED.test(line));
    if (!misfit) return ending;
    this.#demosaics = !this.#demosaics;
    if (first !== undefined) return first;
    this.#misfit = ending;
    return { reason: undefined, pace: 'at-once' };
  }
}

/** The last caps of the pipeline name a Bayer pattern, and nothing behind them takes it apart. */
function endsInBayer(words: readonly string[]): boolean {
  const bayer = words.findLastIndex((word) => word.includes('video/x-bayer'));
  return bayer >= 0 && !words.slice(bayer).includes('bayer2rgb');
}

function gaveUpWaiting(lines: readonly string[]): boolean {
  return lines.some((line) => /streaming stopped, reason error \(-5\)/.test(line));
}
