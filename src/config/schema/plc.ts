import { z } from 'zod';
import { positiveMs } from './common.js';
import { connection, nodeId } from './node-id.js';

export const handshakeSchema = z
  .strictObject({
    ready: nodeId.optional().describe('Boolean, written: the station takes a trigger now.'),
    busy: nodeId.optional().describe('Boolean, written: a part is being inspected.'),
    done: nodeId
      .optional()
      .describe('Boolean, written last: a result stands in the tags; with OK and NOK both false, none.'),
    ack: nodeId
      .optional()
      .describe('Boolean of the PLC: it has taken the result. Falls when `done` has fallen. Without it nothing waits.'),
    ackTimeoutMs: positiveMs
      .default(2000)
      .describe('A result that is not acknowledged for this long is taken down, and the station is ready again.'),
    triggerAck: nodeId
      .optional()
      .describe('Written with `busy`: the value of the trigger. A Boolean falls again when the station is ready.'),
    error: nodeId.optional().describe('Boolean, written: the last part has no result, or was not acknowledged.'),
    errorCode: nodeId
      .optional()
      .describe('Int16, written: 0 none, 1 too late, 2 not inspected, 3 not acknowledged, 4 write failed.'),
    heartbeat: nodeId
      .optional()
      .describe('Counter or Boolean, written: changes while the station works. The PLC rejects where it stands still.'),
    heartbeatMs: z
      .number()
      .int()
      .min(100)
      .max(60_000)
      .default(1000)
      .describe('How often the heartbeat changes and the state of the station is written again.'),
    plcHeartbeat: nodeId.optional().describe('Any tag of the PLC that changes while its program runs.'),
    plcHeartbeatTimeoutMs: positiveMs
      .default(5000)
      .describe("The PLC's heartbeat stands still for this long: the gateway's health says so."),
    samplingMs: z
      .number()
      .int()
      .min(10)
      .max(10_000)
      .default(50)
      .describe('Sampling interval asked of the server for the tags that the PLC writes.'),
  })
  .describe('Handshake with the PLC program, one part after the other. See docs/plc.md.');
export type HandshakeConfig = z.infer<typeof handshakeSchema>;

export const plcOutputSchema = z
  .strictObject({
    connection,
    ok: nodeId.describe('Boolean, true for pass.'),
    nok: nodeId.describe('Boolean, true for fail and review. OK and NOK both false mean no result.'),
    reject: nodeId
      .optional()
      .describe('Boolean for the reject gate: false only while OK stands, so that no result means reject.'),
    code: nodeId.optional().describe('Int16: 1 pass, 2 fail, 3 review.'),
    label: nodeId.optional().describe('String: the class.'),
    score: nodeId.optional().describe('Float: its score.'),
    partId: nodeId
      .optional()
      .describe("The part's id as the trigger's `partId` gave it, an integer or a String; 0 or empty where unknown."),
    inspectionId: nodeId.optional().describe('String: id of the inspection, as messages have it.'),
    counter: nodeId.optional().describe('UInt32, written last: the PLC takes the result when it changes.'),
    timeoutMs: positiveMs.default(1000).describe('A write that takes longer is counted as failed.'),
    deadlineMs: positiveMs
      .optional()
      .describe(
        "A verdict decided later than this after the part's trigger is recorded as late and not written: the PLC gets no result.",
      ),
    delayMs: positiveMs
      .optional()
      .describe('The result is written this long after the trigger: the way from the camera to the reject gate.'),
    delayParts: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('The result is written when this many further parts have triggered: parts between camera and gate.'),
    handshake: handshakeSchema.optional(),
  })
  .describe('Tags the verdict is written back to.');
export type PlcOutputConfig = z.infer<typeof plcOutputSchema>;
