import { describe, expect, it } from 'vitest';
import { plcOutputSchema } from '#jidoka/config/schema/plc.js';
import type { Levels } from '#jidoka/opcua/handshake-state.js';
import { PlcFields, RESTING_LEVELS } from '#jidoka/opcua/plc-fields.js';
import type { FieldWrite } from '#jidoka/opcua/plc-writer.js';
import type { OutputResult } from '#jidoka/ports/verdict-output.js';

const tags = (names: readonly string[]) => Object.fromEntries(names.map((name, index) => [name, `i=${index + 1}`]));
const RESULT = tags(['ok', 'nok', 'reject', 'code', 'label', 'score', 'partId', 'inspectionId', 'counter']);
const HANDSHAKE = tags(['ready', 'busy', 'done', 'ack', 'triggerAck', 'error', 'errorCode', 'heartbeat']);
const fields = new PlcFields(plcOutputSchema.parse({ ...RESULT, handshake: HANDSHAKE }));

const shown = (writes: readonly FieldWrite[]) => writes.map(({ field, value }) => `${field}=${value}`).join(' ');
const result = (decision: OutputResult['decision']): OutputResult => {
  return { inspectionId: 'id', partId: '7', decision, label: 'x', score: 0.5, counter: 1 };
};

describe('the order of tags', () => {
  it('lowers done and what speaks against the verdict first, and raises what speaks for it last', () => {
    const details = 'label=x score=0.5 partId=7 inspectionId=id';
    expect(shown(fields.result(result('pass')))).toBe(`done=false nok=false code=1 ${details} reject=false ok=true`);
    expect(shown(fields.result(result('fail')))).toBe(`done=false reject=true ok=false code=2 ${details} nok=true`);
    expect(shown(fields.result(result('review')))).toBe(`done=false reject=true ok=false code=3 ${details} nok=true`);
    expect(shown(fields.take(9))).toBe('counter=9 done=true');
  });

  it('has no result as done, OK and NOK false and the gate closed', () => {
    expect(shown(fields.none)).toBe('done=false ok=false nok=false reject=true');
  });

  it('lowers ready first and raises it last', () => {
    const busy: Levels = { ...RESTING_LEVELS, busy: true, triggerAck: true };
    const ready: Levels = { ...RESTING_LEVELS, ready: true };
    expect(shown(fields.levels(busy, ready))).toBe('ready=false busy=true triggerAck=true');
    expect(shown(fields.levels(ready, busy))).toBe('busy=false triggerAck=false ready=true');
    expect(shown(fields.levels(ready, ready))).toBe('');
  });

  it('takes a result down before it says anything else', () => {
    const before: Levels = { ...RESTING_LEVELS, standing: true };
    expect(shown(fields.levels({ ...RESTING_LEVELS, ready: true }, before))).toBe(`${shown(fields.none)} ready=true`);
  });
});
