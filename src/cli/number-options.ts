import { cliErrors } from './errors.js';

/** A time in seconds from the command line. */
export function seconds(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw cliErrors.CLI_BAD_OPTION({ where: option, got: `"${text}"`, expected: `seconds from ${min} to ${max}` });
}
