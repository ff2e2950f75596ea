const MAX_NAMES = 20;
const MAX_LENGTH = 60;

/** Names as a message shows them; what comes from a file is cut to a length that a person reads. */
export function quoted(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => `"${shortened(name)}"`);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

export function shortened(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}
