import type { ErrorDetails, JidokaError } from '../../base/errors.js';
import { cameraErrors } from '../errors.js';
import type { ProgramEnd } from './program.js';
import type { Ending } from './source.js';

type CameraErrorCode = Exclude<keyof typeof cameraErrors, 'definitions'>;

/** One thing that a program says, and what it means. */
export interface Saying {
  readonly pattern: RegExp;
  readonly code: CameraErrorCode;
  /** A remedy for just this; the match is that of the pattern. */
  readonly hint?: (match: RegExpExecArray) => string | undefined;
  /** Trying again soon is useless or does harm. */
  readonly patient?: boolean;
}

function cameraError(code: CameraErrorCode, details: ErrorDetails): JidokaError {
  return cameraErrors[code](details);
}

/** The first saying of the list that is found in any line: those that name the cause stand before those that do not. */
export function explainLines(lines: readonly string[], sayings: readonly Saying[], where: string): Ending | undefined {
  for (const { pattern, code, hint, patient } of sayings) {
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match === null) continue;
      const better = hint?.(match);
      const details = { where, got: quote(line), ...(better !== undefined && { hint: better }) };
      return { reason: cameraError(code, details), pace: patient === true ? 'patient' : 'soon' };
    }
  }
  return undefined;
}

/** What can be said of any program's end, whatever it wrote. */
export function explainEnd(end: ProgramEnd, program: string, install: string, where: string): Ending {
  const { startError, exitCode, signal, lines } = end;
  if (startError === 'ENOENT') {
    const hint = `Install it: ${install}. The agent tries again by itself and needs no restart.`;
    return { reason: cameraErrors.CAMERA_PROGRAM_MISSING({ where: program, hint }), pace: 'patient' };
  }
  if (startError !== undefined) {
    const got = `it could not be started (${startError})`;
    return { reason: cameraErrors.CAMERA_PROGRAM_ENDED({ where: program, got }), pace: 'soon' };
  }
  const last = lines.at(-1);
  if (exitCode === 0 && last === undefined) {
    return { reason: cameraErrors.CAMERA_STREAM_ENDED({ where }), pace: 'soon' };
  }
  const how = signal === null ? `${program} ended with ${exitCode}` : `${program} was ended by ${signal}`;
  const got = last === undefined ? how : `${how}: ${quote(last)}`;
  return { reason: cameraErrors.CAMERA_PROGRAM_ENDED({ where, got }), pace: 'soon' };
}

/** A line as it stands in a message: with a full stop of its own it would end the sentence. */
function quote(line: string): string {
  return `"${line.replace(/^(ERROR|WARNING): (from element \S+: )?/, '').replace(/\.$/, '')}"`;
}
