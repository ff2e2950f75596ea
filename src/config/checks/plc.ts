import type { Finding } from '../problem.js';
import { code } from '../wording.js';
import type { Cursor } from './cursor.js';

/** What the way from the trigger to the PLC's tags needs besides the schema. */
export function checkPlc(stations: readonly Cursor[]): readonly Finding[] {
  return [...stations.flatMap(checkTimes), ...stations.flatMap(checkHandshake), ...checkTags(stations)];
}

function plcOf(station: Cursor): Cursor {
  return station.at('output').at('plc');
}

/** When a result is written, and until when. */
function checkTimes(station: Cursor): readonly Finding[] {
  const plc = plcOf(station);
  const [deadline, delay, parts] = [plc.at('deadlineMs'), plc.at('delayMs'), plc.at('delayParts')];
  const findings: Finding[] = [];
  if (delay.exists && parts.exists) {
    findings.push({
      path: parts.path,
      at: 'key',
      what: 'The way to the reject gate is given twice, as a time and in parts.',
      instead: 'Keep `delayMs` for a belt of constant speed, `delayParts` for one that stops and goes.',
    });
  }
  if (deadline.number !== undefined && delay.number !== undefined && deadline.number > delay.number) {
    findings.push({
      path: deadline.path,
      at: 'value',
      what: `A verdict after ${deadline.number} ms finds its part gone: it is at the gate after ${delay.number} ms.`,
      instead: 'Write a `deadlineMs` that is not longer than `delayMs`, or leave it out.',
    });
  }
  return findings;
}

/** Keys that do nothing without another one. */
function checkHandshake(station: Cursor): readonly Finding[] {
  const [trigger, plc] = [station.at('trigger'), plcOf(station)];
  const handshake = plc.at('handshake');
  const isTag = trigger.at('kind').text === 'tag';
  const [ack, done, counter] = [handshake.at('ack'), handshake.at('done'), plc.at('counter')];
  const findings: Finding[] = [];
  const demand = (key: Cursor, met: boolean, what: string, instead: string): void => {
    if (key.exists && !met) findings.push({ path: key.path, at: 'key', what, instead });
  };
  demand(
    ack,
    done.exists || counter.exists,
    'The PLC is to acknowledge a result, and nothing tells it when there is one.',
    'Add `done` beside it, or `counter` above.',
  );
  demand(
    handshake.at('ackTimeoutMs'),
    ack.exists,
    '`ackTimeoutMs` has no effect: the PLC does not acknowledge.',
    'Add `ack`, or remove this line.',
  );
  demand(
    handshake.at('plcHeartbeatTimeoutMs'),
    handshake.at('plcHeartbeat').exists,
    '`plcHeartbeatTimeoutMs` has no effect: no heartbeat of the PLC is watched.',
    'Add `plcHeartbeat`, or remove this line.',
  );
  demand(
    handshake.at('triggerAck'),
    isTag,
    '`triggerAck` gives back the value of a trigger tag, and the station has none.',
    'Use a trigger of kind `tag`, or remove this line.',
  );
  demand(
    plc.at('partId'),
    isTag && trigger.at('partId').exists,
    'The tag `partId` gives back the id that the PLC gave, and none is read.',
    'Add `partId` to a trigger of kind `tag`, or remove this line.',
  );
  return findings;
}

const RESULT_TAGS = ['ok', 'nok', 'reject', 'code', 'label', 'score', 'partId', 'inspectionId', 'counter'] as const;
const HANDSHAKE_TAGS = ['ready', 'busy', 'done', 'triggerAck', 'error', 'errorCode', 'heartbeat'] as const;
const HANDSHAKE_READ = ['ack', 'plcHeartbeat'] as const;
const TRIGGER_READ = ['nodeId', 'partId', 'recipe'] as const;

interface Use {
  readonly node: Cursor;
  readonly connection: string;
  readonly name: string;
  readonly station: number;
}

/** A tag that is written for two meanings leaves the PLC with whichever came last; one that is also read answers itself. */
function checkTags(stations: readonly Cursor[]): readonly Finding[] {
  const written = stations.flatMap((station, index) => {
    const plc = plcOf(station);
    return [...uses(plc, plc, RESULT_TAGS, index), ...uses(plc, plc.at('handshake'), HANDSHAKE_TAGS, index)];
  });
  const read = stations.flatMap((station, index) => {
    const [plc, trigger] = [plcOf(station), station.at('trigger')];
    return [...uses(plc, plc.at('handshake'), HANDSHAKE_READ, index), ...uses(trigger, trigger, TRIGGER_READ, index)];
  });
  const seen = new Map<string, Use>();
  return [...written, ...read].flatMap((use): Finding[] => {
    const key = JSON.stringify([use.connection, use.node.text]);
    const first = seen.get(key);
    if (first === undefined) {
      if (!read.includes(use)) seen.set(key, use);
      return [];
    }
    const what = `The tag ${code(use.node.text ?? '')} is written as ${code(first.name)} of station ${first.station + 1} of the list already.`;
    const instead = read.includes(use)
      ? 'Read another tag here: the PLC writes it.'
      : 'Give each output a tag of its own.';
    return [{ path: use.node.path, at: 'value', what, instead }];
  });
}

function uses(owner: Cursor, section: Cursor, names: readonly string[], station: number): readonly Use[] {
  const connection = owner.at('connection').text ?? '';
  return names.flatMap((name) => {
    const node = section.at(name);
    return node.text === undefined ? [] : [{ node, connection, name, station }];
  });
}
