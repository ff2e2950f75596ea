import { defineErrors } from '../base/errors.js';

/** Why a command is not carried out, whoever it came from: these codes are part of the answer to it. */
export const commandErrors = defineErrors({
  COMMAND_TOPIC_UNKNOWN: {
    consequence: 'degraded',
    summary: 'The message came on a topic that takes no commands.',
    remedy: 'Send commands to `BASE/command`, those for one station to `BASE/STATION/command`.',
  },
  COMMAND_RETAINED: {
    consequence: 'degraded',
    summary: 'The command is a retained message: nobody knows how long it has lain at the broker.',
    remedy: 'Send commands without the retain flag, and clear the topic with an empty retained message.',
  },
  COMMAND_TOO_LARGE: {
    consequence: 'degraded',
    summary: 'The command is larger than any command can be.',
    remedy: 'Look at what the sender puts into it.',
  },
  COMMAND_NOT_UTF8: {
    consequence: 'degraded',
    summary: 'The command is not UTF-8 text.',
    remedy: 'Send JSON in UTF-8.',
  },
  COMMAND_NOT_JSON: {
    consequence: 'degraded',
    summary: 'The command is not JSON.',
    remedy: 'Send one JSON object as docs/commands.md shows it; a shell may have eaten its quotes.',
  },
  COMMAND_TOO_DEEP: {
    consequence: 'degraded',
    summary: 'The JSON of the command is nested deeper than any command is.',
    remedy: 'Send the members that docs/commands.md names and no others.',
  },
  COMMAND_DUPLICATE_KEY: {
    consequence: 'degraded',
    summary: 'An object in the command has the same key twice, so that it is not clear what is meant.',
    remedy: 'Send each key once.',
  },
  COMMAND_FORM_INVALID: {
    consequence: 'degraded',
    summary: 'The command does not have the form of one.',
    remedy: 'Hold it against docs/schemas/command.v1.json.',
  },
  COMMAND_SCHEMA_UNKNOWN: {
    consequence: 'degraded',
    summary: 'The command is of a form that this version does not know.',
    remedy: 'Set `schema` to `jidoka.command/1`.',
  },
  COMMAND_UNKNOWN: {
    consequence: 'degraded',
    summary: 'There is no such command.',
    remedy: 'See docs/commands.md for the commands there are.',
  },
  COMMAND_NOT_ALLOWED: {
    consequence: 'degraded',
    summary: 'This command is not taken from here.',
    remedy: "Name it in `commands` of the destination in the gateway's configuration, where that is wanted.",
  },
  COMMAND_RESPONSE_INVALID: {
    consequence: 'degraded',
    summary: 'The answer cannot go where the command wants it.',
    remedy:
      'Ask for it on a topic without wildcards, of at most 256 bytes, outside of `$` and `spBv1.0/` and of the topics the gateway itself uses.',
  },
  COMMAND_STATION_CONFLICT: {
    consequence: 'degraded',
    summary: 'The topic names one station and the command another.',
    remedy: 'Leave `station` out, or send the command to the topic of its station.',
  },
  COMMAND_STATION_UNKNOWN: {
    consequence: 'degraded',
    summary: 'The gateway has no station of this name.',
    remedy: 'See `stations` in the message on `BASE/status`.',
  },
  COMMAND_STATION_MISSING: {
    consequence: 'degraded',
    summary: 'The command is for one station and does not say for which.',
    remedy: 'Send it to `BASE/STATION/command`, or name the station in `station`.',
  },
  COMMAND_STATION_UNWANTED: {
    consequence: 'degraded',
    summary: 'The command is for the whole gateway and names a station.',
    remedy: 'Send it to `BASE/command` without `station`.',
  },
  COMMAND_EXPIRED: {
    consequence: 'degraded',
    summary: 'The command came after the time at which it expires.',
    remedy: "Send it anew under another id; compare the clocks of sender and gateway if it shouldn't have expired.",
  },
  COMMAND_TOO_OLD: {
    consequence: 'degraded',
    summary: 'The command was not sent just now.',
    remedy: 'Send it anew under another id; compare the clocks of sender and gateway if it was sent just now.',
  },
  COMMAND_ARGUMENTS_INVALID: {
    consequence: 'degraded',
    summary: 'The arguments do not fit the command.',
    remedy: 'See the command in docs/commands.md.',
  },
  COMMAND_ID_REUSED: {
    consequence: 'degraded',
    summary: 'Another command came with this id before.',
    remedy: 'Give each command an id of its own, such as a UUID.',
  },
  COMMAND_QUEUE_FULL: {
    consequence: 'transient',
    summary: 'Too many commands are waiting to be carried out.',
    remedy: 'Wait for the answers before sending more.',
  },
  COMMAND_NOT_READY: {
    consequence: 'transient',
    summary: 'The agent is starting or stopping and takes no commands.',
    remedy: 'Send it again when the gateway is online.',
  },
  COMMAND_NOT_RECORDED: {
    consequence: 'transient',
    summary: 'Commands cannot be looked up or written down now, so that one could take effect twice.',
    remedy: 'See the health of the gateway for what troubles the store, and send the command again.',
  },
  COMMAND_TIMED_OUT: {
    consequence: 'degraded',
    summary: 'The command was not carried out in its time.',
    remedy: 'Look at the state of the station, and send the command again under another id.',
  },
  COMMAND_STATION_PAUSED: {
    consequence: 'degraded',
    summary: 'The station is paused and takes no parts.',
    remedy: 'Send it `resume` first.',
  },
  COMMAND_PART_LOST: {
    consequence: 'degraded',
    summary: 'The part was not inspected because the station was behind.',
    remedy: 'Send the command again under another id.',
  },
  COMMAND_ALARM_UNKNOWN: {
    consequence: 'degraded',
    summary: 'There is no such alarm now.',
    remedy: 'Name the `where` of one of the `troubles` in the message on `BASE/status`.',
  },
  COMMAND_IMAGE_TOO_LARGE: {
    consequence: 'degraded',
    summary: 'The picture is larger than an answer may be.',
    remedy: 'Ask for a smaller `width`, or for it on a topic of its own with `as: topic`.',
  },
  COMMAND_NOT_SUPPORTED: {
    consequence: 'degraded',
    summary: 'The command means nothing where it came from.',
    remedy: 'Send it through the broker that it concerns.',
  },
  COMMAND_FAILED: {
    consequence: 'degraded',
    summary: 'The command could not be carried out.',
    remedy: "See the gateway's log.",
  },
});
