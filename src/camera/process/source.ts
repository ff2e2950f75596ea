import type { JidokaError } from '../../base/errors.js';
import type { FramingName } from './framing.js';
import type { ProgramEnd } from './program.js';
import type { Exit, SupervisorLimits } from './supervisor.js';

/** What follows from the end of a program. */
export type Ending = Exit<JidokaError>;

/** A program that gives pictures, and what is known of it. */
export interface ProcessSource {
  /** For messages: `the GigE camera 192.168.10.20`. */
  readonly name: string;
  readonly program: string;
  /** How the program gets onto a Debian machine. */
  readonly install: string;
  readonly framing: FramingName;
  /** The descriptor on which it writes its pictures. */
  readonly descriptor: 1 | 3;
  /** Not to be seen in any message. */
  readonly secrets: readonly string[];
  readonly latencyMs: number;
  readonly constantRate: boolean;
  readonly limits: SupervisorLimits;
  readonly reconnectMaxMs: number;
  /** The parameters of the next run; what was learnt from earlier ends may have changed them. */
  parameters(): readonly string[];
  /** What the end of a run means, which lasted for `livedMs`. */
  explain(end: ProgramEnd, livedMs: number): Ending;
}
