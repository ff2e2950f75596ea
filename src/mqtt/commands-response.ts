import { commandErrors } from '../domain/errors.js';
import { shown } from './commands-json.js';
import type { IncomingMessage } from './message.js';
import { commandTopic } from './topics.js';

const MAX_TOPIC_BYTES = 256;
const MAX_CORRELATION_BYTES = 1024;

/** Where an answer goes. */
export interface ReplyAddress {
  readonly topic: string;
  readonly correlationData?: Uint8Array;
}

/**
 * Where MQTT 5 wants the answer; undefined where the message does not say.
 * The gateway writes there with its own rights, so that it must not be talked into writing over its own topics, into
 * the broker's, or into the middle of a Sparkplug session.
 * @throws COMMAND_RESPONSE_INVALID
 */
export function replyAddress(
  message: IncomingMessage,
  baseTopic: string,
  stations: ReadonlySet<string>,
): ReplyAddress | undefined {
  const { responseTopic: topic, correlationData } = message;
  if (topic === undefined) return undefined;
  const fault = topicFault(topic, baseTopic, stations);
  if (fault !== undefined) throw commandErrors.COMMAND_RESPONSE_INVALID({ got: shown(topic), expected: fault });
  if ((correlationData?.byteLength ?? 0) > MAX_CORRELATION_BYTES) {
    const got = `${correlationData?.byteLength} bytes of correlation data`;
    throw commandErrors.COMMAND_RESPONSE_INVALID({ got, expected: `at most ${MAX_CORRELATION_BYTES}` });
  }
  return { topic, ...(correlationData !== undefined && { correlationData }) };
}

function topicFault(topic: string, baseTopic: string, stations: ReadonlySet<string>): string | undefined {
  if (topic === '') return 'a topic that is not empty';
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES) return `at most ${MAX_TOPIC_BYTES} bytes`;
  if (/[+#]/.test(topic)) return 'a topic without wildcards';
  if (/\p{C}/u.test(topic)) return 'a topic without control characters';
  if (topic.startsWith('$')) return 'a topic that does not begin with $';
  if (/^spBv1\.0(\/|$)/.test(topic)) return 'a topic outside of the Sparkplug namespace';
  if (topic !== baseTopic && !topic.startsWith(`${baseTopic}/`)) return undefined;
  const replies = [commandTopic(baseTopic), ...[...stations].map((station) => commandTopic(baseTopic, station))];
  if (replies.some((command) => topic.startsWith(`${command}/`))) return undefined;
  return `none of the gateway's own topics; below ${baseTopic} only what is below a command topic`;
}
