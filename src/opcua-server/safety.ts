import type { UAObject } from 'node-opcua-address-space';
import { StatusCodes } from 'node-opcua-client';
import type { Events } from './events.js';
import { bindForOperators, boolean, int32, string } from './method-kit.js';
import { METHOD_ERRORS } from './protocol.js';
import type { StationParts } from './station-parts.js';

/**
 * The SafetyStateManagement of one station: what is reported is shown and told, and nothing else follows from it, since
 * an inspection moves nothing that could hurt anybody.
 */
export function showSafety({ model, access }: StationParts, management: UAObject, events: Events): void {
  const triggered = model.variable(management, 'VisionSafetyTriggered');
  const information = model.variable(management, 'VisionSafetyInformation');
  const set = (now: boolean, text: string): void => {
    triggered.setValueFromSource(boolean(now), StatusCodes.Good);
    information.setValueFromSource(string(text), StatusCodes.Good);
  };
  set(false, '');
  bindForOperators(model.method(management, 'ReportSafetyState'), access, (args) => {
    const [now, text] = [args.flag(0), args.text(1)];
    set(now, text);
    events.safety(now, text);
    return [int32(METHOD_ERRORS.OK)];
  });
}
