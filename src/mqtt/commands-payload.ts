import { z } from 'zod';
import { nameSchema } from '../config/schema/common.js';
import { COMMAND_NAMES } from '../domain/command.js';
import { COMMAND_ARGUMENTS } from '../domain/command-arguments.js';

/** Raised when an old sender's command would be misread. */
export const COMMAND_SCHEMA = 'jidoka.command/1';
/** Raised when a consumer of the old form would misread the new one. */
export const COMMAND_RESULT_SCHEMA = 'jidoka.command-result/1';

const time = z.iso.datetime().describe('ISO 8601 in UTC.');

export const commandIdSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, '1 to 64 printable ASCII characters without spaces')
  .describe('Chosen by the sender, best a UUID. The same id takes effect once and gets the same answer.');

const envelope = {
  schema: z.literal(COMMAND_SCHEMA),
  id: commandIdSchema,
  station: nameSchema
    .exactOptional()
    .describe('The inspection point, where the topic does not name it already. Absent for the whole gateway.'),
  sender: z
    .string()
    .regex(/^[^\p{C}]+$/u, 'text without control characters')
    .max(64)
    .exactOptional()
    .describe(
      'Who sends it, for the audit and the health. It is believed, not checked: rights are the matter of the broker.',
    ),
  sentAt: time.exactOptional().describe('A command that was not sent within the last minute is refused.'),
  expiresAt: time.exactOptional().describe('From then on the command is refused.'),
};

/** The form of a command before its arguments are looked at. */
export const commandEnvelopeSchema = z.strictObject({
  ...envelope,
  command: z.enum(COMMAND_NAMES),
  arguments: z.record(z.string(), z.unknown()).default({}),
});

/** `BASE/command`, `BASE/STATION/command`: every command with its arguments. */
export const commandPayloadSchema = z
  .discriminatedUnion('command', [withArguments('pause'), ...COMMAND_NAMES.slice(1).map(withArguments)])
  .describe('A command to the gateway on BASE/command, or to one station on BASE/STATION/command.');

function withArguments(name: (typeof COMMAND_NAMES)[number]) {
  const schema: z.ZodType = COMMAND_ARGUMENTS[name];
  // What can do without arguments need not name the member.
  const given = schema.safeParse({}).success ? schema.optional() : schema;
  return z.strictObject({ ...envelope, command: z.literal(name), arguments: given });
}

const answered = {
  schema: z
    .literal(COMMAND_RESULT_SCHEMA)
    .describe('Changes when a consumer of the old form would misread the new one.'),
  id: z.string().nullable().describe('The id of the command; null where none could be read.'),
  command: z.string().nullable().describe('The command; null where none could be read.'),
  station: z.string().nullable().describe('The station it was for; null for the whole gateway.'),
  at: z.iso.datetime().describe('When the answer was given.'),
};

/** `BASE/command/result`, `BASE/STATION/command/result`, or the response topic of the command. */
export const commandResultPayloadSchema = z
  .discriminatedUnion('ok', [
    z.object({
      ...answered,
      ok: z.literal(true),
      value: z.record(z.string(), z.unknown()).describe('What came of it, by command.'),
    }),
    z.object({
      ...answered,
      ok: z.literal(false),
      code: z.string().describe('Stable code, see docs/errors.md.'),
      text: z.string().describe('Plain sentences: what is wrong and what to do.'),
    }),
  ])
  .describe('The answer to a command.');
export type CommandResultMessage = z.infer<typeof commandResultPayloadSchema>;
