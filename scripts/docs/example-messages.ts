import type { DiscoveryMessage } from '#jidoka/domain/discovery.js';
import type { Inspection } from '#jidoka/domain/inspection.js';
import { type InspectionMessage, inspectionMessage } from '#jidoka/domain/message.js';
import type { StationState, StatusMessage } from '#jidoka/domain/state.js';
import { discoveryMessage } from '#jidoka/mqtt/discovery.js';
import { exampleInspection, onlineStatus, stationState } from '../../test/simulators/messages.js';
import { exampleDescription } from '../../test/simulators/mqtt-publisher-options.js';

const ID = '019ab0d5-6c32-7e52-9d0a-3f2f1f6c8b11';
export const EXAMPLE_SEQ = 812;
export const EXAMPLE_BASE = 'plant/line4';

export function documentedInspection(): Inspection {
  return { ...exampleInspection(), id: ID };
}

export interface ExampleMessages {
  readonly inspection: InspectionMessage;
  readonly state: StationState;
  readonly status: StatusMessage;
  readonly discovery: DiscoveryMessage;
}

/** One message of each form, made by the code that makes the real ones; a test holds them against what a broker gets. */
export function exampleMessages(): ExampleMessages {
  const inspection = inspectionMessage(documentedInspection(), EXAMPLE_SEQ);
  const { id, seq, verdict, class: label, score, capturedAt } = inspection;
  return {
    inspection,
    state: stationState({ last: { id, seq, verdict, class: label, score, capturedAt } }),
    status: onlineStatus({
      health: 'degraded',
      troubles: [{ where: 'camera of bottle-neck', text: 'The camera has not sent a picture for 12 s.' }],
    }),
    discovery: discoveryMessage({
      gateway: 'line4',
      version: '0.1.0',
      baseTopic: EXAMPLE_BASE,
      config: { failsFirst: false, commands: [] },
      description: exampleDescription(),
    }),
  };
}
