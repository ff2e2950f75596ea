import type { CommandResult } from '../../domain/command.js';

const MAX_REMEMBERED = 1000;

interface Remembered {
  /** Everything about the command that matters to its effect. */
  readonly content: string;
  readonly result: Promise<CommandResult>;
  settled: boolean;
}

/** The commands of this run that are under way or were last carried out, by id. */
export class RecentCommands {
  readonly #commands = new Map<string, Remembered>();

  get(id: string): Pick<Remembered, 'content' | 'result'> | undefined {
    return this.#commands.get(id);
  }

  /** @param keep whether the result is remembered; else the id is free again */
  add(id: string, content: string, result: Promise<CommandResult>, keep: (result: CommandResult) => boolean): void {
    const entry: Remembered = { content, result, settled: false };
    this.#commands.set(id, entry);
    void result.then((outcome) => {
      entry.settled = true;
      if (!keep(outcome)) this.#commands.delete(id);
      this.#forgetOldest();
    });
  }

  #forgetOldest(): void {
    for (const [id, { settled }] of this.#commands) {
      if (this.#commands.size <= MAX_REMEMBERED) return;
      // What is under way is bounded where it is let in.
      if (settled) this.#commands.delete(id);
    }
  }
}
