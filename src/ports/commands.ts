import type { AuditEntry, Command, CommandResult } from '../domain/command.js';

/**
 * Carries out commands. It never rejects: what cannot be done is a result with `ok: false`, a stable code and a plain
 * sentence. Commands for one station are carried out one after the other; the same id again gives the same result
 * without a second effect, over restarts too.
 */
export interface Commands {
  execute(command: Command): Promise<CommandResult>;
  /**
   * Counts and writes down a message that was no command at all, or one that this destination may not give. An entry
   * whose id is empty, where none could be read, is counted only.
   */
  refused(entry: AuditEntry): void;
}

/** The durable list of commands. One id may have several entries: a command that took effect may come again too late. */
export interface AuditLog {
  /**
   * The result of a command that came before; undefined where the id is new. Where entries with this id differ, one with
   * `ok: true`, whichever came first: it alone tells that the command took effect.
   */
  result(id: string): Promise<CommandResult | undefined>;
  audit(entry: AuditEntry): Promise<void>;
  /** The newest entries, newest first. */
  audited(limit: number): Promise<readonly AuditEntry[]>;
}
