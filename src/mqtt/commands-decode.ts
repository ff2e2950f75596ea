import type { JidokaError } from '../base/errors.js';
import { COMMAND_NAMES, type Command, type CommandName } from '../domain/command.js';
import { commandErrors } from '../domain/errors.js';
import { readJson, shown } from './commands-json.js';
import { COMMAND_SCHEMA, commandEnvelopeSchema, commandIdSchema } from './commands-payload.js';

export const MAX_COMMAND_BYTES = 8192;
/** A command whose sender says when it was sent may have been under way this long; clocks may differ by as much. */
export const MAX_COMMAND_AGE_MS = 60_000;

/** What this destination takes. */
export interface CommandRules {
  readonly destination: string;
  readonly allowed: ReadonlySet<CommandName>;
  readonly stations: ReadonlySet<string>;
}

/** As much of a command as could be read, for the answer and the audit. */
export interface Readable {
  readonly id: string | null;
  readonly name: string | null;
  readonly station: string | null;
  readonly sender: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export type Decoded =
  | { readonly command: Command; readonly refusal?: never }
  | { readonly refusal: JidokaError; readonly readable: Readable };

/**
 * Bytes to a command, or the reason why they are none; what they hold is believed in nothing. The arguments are looked at
 * where the command is carried out.
 * @param topicStation the station whose topic it came on; undefined for the gateway's
 */
export function decodeCommand(
  payload: Uint8Array,
  topicStation: string | undefined,
  rules: CommandRules,
  nowMs: number,
): Decoded {
  let readable: Readable = { ...UNREADABLE, station: topicStation ?? null };
  try {
    if (payload.byteLength > MAX_COMMAND_BYTES) {
      const details = { got: `${payload.byteLength} bytes`, expected: `at most ${MAX_COMMAND_BYTES}` };
      throw commandErrors.COMMAND_TOO_LARGE(details);
    }
    const value = readJson(payload);
    readable = readableOf(value, topicStation);
    return { command: commandOf(value, topicStation, rules, nowMs) };
  } catch (error) {
    return { refusal: error as JidokaError, readable };
  }
}

const UNREADABLE: Readable = { id: null, name: null, station: null, sender: null, arguments: {} };

function readableOf(value: unknown, topicStation: string | undefined): Readable {
  if (!isObject(value)) return { ...UNREADABLE, station: topicStation ?? null };
  const { id, command, station, sender, arguments: given } = value;
  return {
    id: commandIdSchema.safeParse(id).data ?? null,
    name: nameOf(command),
    station: topicStation ?? nameOf(station),
    sender: commandEnvelopeSchema.shape.sender.safeParse(sender).data ?? null,
    arguments: isObject(given) ? given : {},
  };
}

/** A name that does no harm in a list, whatever it is the name of. */
function nameOf(value: unknown): string | null {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value) ? value : null;
}

function commandOf(value: unknown, topicStation: string | undefined, rules: CommandRules, nowMs: number): Command {
  if (isObject(value) && typeof value['schema'] === 'string' && value['schema'] !== COMMAND_SCHEMA) {
    throw commandErrors.COMMAND_SCHEMA_UNKNOWN({ got: shown(value['schema']), expected: COMMAND_SCHEMA });
  }
  if (isObject(value) && typeof value['command'] === 'string' && !isCommandName(value['command'])) {
    throw commandErrors.COMMAND_UNKNOWN({ got: shown(value['command']), expected: COMMAND_NAMES.join(', ') });
  }
  const form = commandEnvelopeSchema.safeParse(value);
  if (!form.success) {
    const [issue] = form.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? undefined : shown(issue.path.join('.'));
    const got = issue === undefined ? 'no object' : shown(issue.message, 200);
    throw commandErrors.COMMAND_FORM_INVALID({ got, ...(where !== undefined && { where }) });
  }
  const { id, command: name, station: named, sender, sentAt, expiresAt, arguments: given } = form.data;
  if (!rules.allowed.has(name)) throw commandErrors.COMMAND_NOT_ALLOWED({ got: name });
  if (topicStation !== undefined && named !== undefined && named !== topicStation) {
    throw commandErrors.COMMAND_STATION_CONFLICT({ got: named, expected: topicStation });
  }
  const station = topicStation ?? named;
  if (station !== undefined && !rules.stations.has(station)) {
    throw commandErrors.COMMAND_STATION_UNKNOWN({ got: station, expected: [...rules.stations].join(', ') });
  }
  checkTime(sentAt, expiresAt, nowMs);
  return {
    id,
    name,
    ...(station !== undefined && { station }),
    arguments: given,
    from: { destination: rules.destination, ...(sender !== undefined && { sender }) },
    receivedAtMs: nowMs,
    ...(expiresAt !== undefined && { expiresAtMs: Date.parse(expiresAt) }),
  };
}

function checkTime(sentAt: string | undefined, expiresAt: string | undefined, nowMs: number): void {
  if (expiresAt !== undefined && Date.parse(expiresAt) <= nowMs) {
    throw commandErrors.COMMAND_EXPIRED({ got: `expiresAt ${expiresAt}`, expected: `later than ${isoOf(nowMs)}` });
  }
  if (sentAt !== undefined && Math.abs(nowMs - Date.parse(sentAt)) > MAX_COMMAND_AGE_MS) {
    const expected = `within ${MAX_COMMAND_AGE_MS / 1000} s of ${isoOf(nowMs)}`;
    throw commandErrors.COMMAND_TOO_OLD({ got: `sentAt ${sentAt}`, expected });
  }
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
