/** What an operator or SCADA can ask of the agent over MQTT. */
export const COMMAND_NAMES = [
  'pause',
  'resume',
  'inspect',
  'set-threshold',
  'acknowledge-alarm',
  'select-model',
  'select-recipe',
  'rebirth',
  'snapshot',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** A command as it came, its form checked, its effect not yet. */
export interface Command {
  /** Chosen by the sender; the same id takes effect once and gets the same answer. */
  readonly id: string;
  readonly name: CommandName;
  /** Absent for commands that mean the whole gateway. */
  readonly station?: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Who sent it, as far as it is known: destination, and what the sender says of itself. */
  readonly from: { readonly destination: string; readonly sender?: string };
  readonly receivedAtMs: number;
  /** From then on it must not take effect any more. */
  readonly expiresAtMs?: number;
}

export type CommandResult =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly code: string; readonly text: string };

/** One line of the audit: every command that was taken or refused. */
export interface AuditEntry {
  readonly atMs: number;
  readonly id: string;
  readonly name: string;
  readonly station: string | null;
  readonly destination: string;
  readonly sender: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly result: CommandResult;
}
