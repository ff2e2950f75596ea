import { type Clock, isoUtc } from '../base/clock.js';
import { type JidokaError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { ThrottledLog } from '../base/throttled-log.js';
import type { Command, CommandName, CommandResult } from '../domain/command.js';
import { commandErrors } from '../domain/errors.js';
import type { Commands } from '../ports/commands.js';
import { type CommandRules, decodeCommand, type Readable } from './commands-decode.js';
import { shown } from './commands-json.js';
import { COMMAND_RESULT_SCHEMA, type CommandResultMessage } from './commands-payload.js';
import { type ReplyAddress, replyAddress } from './commands-response.js';
import type { Connection } from './connection.js';
import { type IncomingMessage, jsonProperties, type OutgoingMessage } from './message.js';
import { commandResultTopic, commandTopic, snapshotTopic } from './topics.js';

/** Answers that wait for the broker; beyond it they are counted and not sent. */
const MAX_ANSWERS = 100;

export interface JsonCommandsOptions {
  readonly destination: string;
  readonly baseTopic: string;
  readonly stations: readonly string[];
  /** Commands that are taken from this destination: at least one, or nothing need listen. */
  readonly allowed: readonly CommandName[];
  readonly commands: Commands;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The part of a connection that listening and answering need. */
export type CommandLine = Pick<Connection, 'publish' | 'subscribe' | 'usable'>;

/**
 * Listens for commands on the JSON topics of one destination and answers each, refused ones with the reason. Whatever
 * comes in, `handle` does not throw, and what it holds is bounded.
 */
export class JsonCommands {
  readonly #options: JsonCommandsOptions;
  readonly #rules: CommandRules;
  /** Topic → the station it is for; undefined for the gateway. */
  readonly #topics: ReadonlyMap<string, string | undefined>;
  readonly #unanswered: ThrottledLog;
  #line: CommandLine | undefined;
  #trouble: string | undefined;
  #answers = 0;

  constructor(options: JsonCommandsOptions) {
    const { destination, baseTopic, stations, allowed, clock, logger } = options;
    this.#options = options;
    this.#rules = { destination, allowed: new Set(allowed), stations: new Set(stations) };
    this.#topics = new Map([
      [commandTopic(baseTopic), undefined],
      ...stations.map((station) => [commandTopic(baseTopic, station), station] as const),
    ]);
    this.#unanswered = new ThrottledLog(
      logger,
      clock,
      (count) => `${count} further answers to commands were not sent.`,
    );
  }

  get where(): string {
    return `commands from ${this.#options.destination}`;
  }

  /** Why no command can come in; undefined where they can, and where there is no connection to begin with. */
  readonly trouble = (): string | undefined => this.#trouble;

  /** A new connection: commands are heard and answered there. Never rejects. */
  async attach(line: CommandLine): Promise<void> {
    this.#line = line;
    this.#trouble = undefined;
    const { destination, logger } = this.#options;
    try {
      await line.subscribe([...this.#topics.keys()].map((topic) => ({ topic, qos: 1 })));
      logger.info({ destination, commands: [...this.#rules.allowed] }, 'Commands are taken from the broker.');
    } catch (error) {
      // A connection that is lost says so by itself, and the next one asks again.
      if (this.#line !== line || !line.usable) return;
      this.#trouble = messageOf(error);
      logger.warn({ destination, err: error }, 'No commands can be taken from the broker.');
    }
  }

  detach(): void {
    this.#line = undefined;
    this.#trouble = undefined;
    this.#unanswered.flush();
  }

  handle(message: IncomingMessage): void {
    const { baseTopic, clock, commands } = this.#options;
    const nowMs = clock.nowMs();
    const station = this.#topics.get(message.topic);
    const decoded = decodeCommand(message.payload, station, this.#rules, nowMs);
    const readable = decoded.refusal === undefined ? readableOf(decoded.command) : decoded.readable;
    const usual: ReplyAddress = { topic: commandResultTopic(baseTopic, station) };
    let reply = usual;
    let refusal = decoded.refusal;
    try {
      reply = replyAddress(message, baseTopic, this.#rules.stations) ?? usual;
    } catch (error) {
      refusal = error as JidokaError;
    }
    if (message.retain) refusal = commandErrors.COMMAND_RETAINED({ where: shown(message.topic) });
    if (!this.#topics.has(message.topic)) {
      refusal = commandErrors.COMMAND_TOPIC_UNKNOWN({ got: shown(message.topic) });
    }
    if (refusal === undefined && decoded.refusal === undefined) {
      const { command } = decoded;
      void commands.execute(command).then((result) => this.#answer(command, result, reply));
    } else if (refusal !== undefined) this.#refuse(readable, refusal, reply, nowMs);
  }

  #refuse(readable: Readable, { code, message: text }: JidokaError, reply: ReplyAddress, atMs: number): void {
    const { destination, commands } = this.#options;
    const { id, name, station, sender, arguments: given } = readable;
    const result: CommandResult = { ok: false, code, text };
    const entry = { atMs, id: id ?? '', name: name ?? '', station, destination, sender, arguments: given, result };
    commands.refused(entry);
    this.#send(this.#result(readable, result, reply));
  }

  #answer(command: Command, result: CommandResult, reply: ReplyAddress): void {
    const readable = readableOf(command);
    const { image } = result.ok ? result.value : {};
    if (
      !result.ok ||
      command.arguments['as'] !== 'topic' ||
      typeof image !== 'string' ||
      command.station === undefined
    ) {
      this.#send(this.#result(readable, result, reply));
      return;
    }
    const topic = snapshotTopic(this.#options.baseTopic, command.station);
    const { image: _, ...value } = result.value;
    this.#send({
      topic,
      payload: Buffer.from(image, 'base64'),
      retain: false,
      properties: {
        contentType: String(value['contentType']),
        payloadIsUtf8: false,
        userProperties: { command: command.id },
      },
    });
    this.#send(this.#result(readable, { ok: true, value: { ...value, topic } }, reply));
  }

  #result({ id, name, station }: Readable, result: CommandResult, reply: ReplyAddress): OutgoingMessage {
    const { clock } = this.#options;
    const at = isoUtc(clock.nowMs());
    const content: CommandResultMessage = { schema: COMMAND_RESULT_SCHEMA, id, command: name, station, at, ...result };
    const { topic, correlationData } = reply;
    const properties = {
      ...jsonProperties(COMMAND_RESULT_SCHEMA),
      ...(correlationData !== undefined && { correlationData }),
    };
    return { topic, payload: Buffer.from(JSON.stringify(content)), retain: false, properties };
  }

  #send(message: OutgoingMessage): void {
    const fields = { topic: shown(message.topic) };
    if (this.#line === undefined) {
      this.#unanswered.warn(fields, 'An answer to a command was not sent: the broker is away.');
      return;
    }
    if (this.#answers >= MAX_ANSWERS) {
      this.#unanswered.warn(fields, `An answer to a command was not sent: ${MAX_ANSWERS} others wait for the broker.`);
      return;
    }
    this.#answers += 1;
    this.#line
      .publish(message)
      .catch((error: unknown) => {
        this.#unanswered.warn({ ...fields, err: error }, `An answer to a command was not sent: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#answers -= 1;
      });
  }
}

function readableOf({ id, name, station, from, arguments: given }: Command): Readable {
  return { id, name, station: station ?? null, sender: from.sender ?? null, arguments: given };
}
