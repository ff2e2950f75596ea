/** Text of a server for a terminal: no control characters, which could move the cursor or hide what was written. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, 500);
}
