/** Keys and list indexes from the root of the file to a value. */
export type ConfigPath = readonly (string | number)[];

/** One thing to correct in a configuration file. */
export interface Problem {
  readonly file: string;
  /** Both begin at 1. */
  readonly line: number;
  readonly column: number;
  /** The value in question, such as `stations[0].sensors[1].nodeId`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong. */
  readonly what: string;
  /** What to write instead. */
  readonly instead: string;
}

/** A finding before it has a line and a column. */
export interface Finding {
  readonly path: ConfigPath;
  /** `key` points at the key of `path`, `value` behind its colon; a missing value is shown at its section. */
  readonly at: 'key' | 'value' | 'missing';
  readonly what: string;
  readonly instead: string;
}

/** `file:line:column  what is wrong  what to write instead`: a form that editors and terminals turn into a link. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}  ${problem.what}  ${problem.instead}`;
}

export function formatPath(path: ConfigPath): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    '',
  );
}
