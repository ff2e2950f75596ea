const LINES_KEPT = 40;
const LONGEST_LINE = 500;
const LONGEST_UNFINISHED = 8192;
const HIDDEN = '***';

/**
 * The last lines that a program wrote to its standard error, however much that is. Secrets are made unreadable, since the
 * lines go into logs and states.
 */
export class ErrorLines {
  readonly #secrets: readonly string[];
  #lines: string[] = [];
  #unfinished = '';

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).filter((text) => text !== '');
  }

  add(text: string): void {
    const pieces = `${this.#unfinished}${text}`.split(/\r?\n|\r/);
    this.#unfinished = (pieces.pop() ?? '').slice(0, LONGEST_UNFINISHED);
    for (const piece of pieces) this.#keep(piece);
    this.#lines = this.#lines.slice(-LINES_KEPT);
  }

  get lines(): readonly string[] {
    return this.#unfinished.trim() === ''
      ? this.#lines
      : [...this.#lines, this.#clean(this.#unfinished).slice(0, LONGEST_LINE)];
  }

  #keep(line: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal are of no use in a log
    const plain = line.replace(/\x1b\[[0-9;]*[A-Za-z]/g, '').trim();
    if (plain !== '') this.#lines.push(this.#clean(plain).slice(0, LONGEST_LINE));
  }

  #clean(line: string): string {
    return this.#secrets.reduce((text, secret) => text.replaceAll(secret, HIDDEN), line);
  }
}
