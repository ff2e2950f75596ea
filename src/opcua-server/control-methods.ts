import type { UAObject } from 'node-opcua-address-space';
import { type Arguments, bindForOperators, int32, type Outputs, structure } from './method-kit.js';
import { type Answer, METHOD_ERRORS, type Request } from './protocol.js';
import type { StationParts } from './station-parts.js';

const CAUSED = ['Halt', 'Reset'] as const;
const CAUSED_INSIDE = ['Stop', 'Abort'] as const;
const STARTS = ['StartSingleJob', 'StartContinuous'] as const;

/** The methods of the two state machines. What becomes of them the station decides; `confirmed` is called after ConfirmAll. */
export function bindStateMachine(
  { model, station, access, calls }: StationParts,
  vision: UAObject,
  automatic: UAObject,
  confirmed: () => void,
): void {
  const ask = async (request: Request, user: string): Promise<Extract<Answer, { kind: 'done' }> | undefined> => {
    const answer = await calls.ask(station.name, request, user);
    if (answer === undefined) return { kind: 'done', error: METHOD_ERRORS.NOT_CARRIED_OUT, jobId: '' };
    return answer.kind === 'done' ? answer : undefined;
  };
  const bind = (
    parent: UAObject,
    name: string,
    body: (args: Arguments, user: string) => Promise<Outputs | undefined>,
  ) => bindForOperators(model.method(parent, name), access, body);

  const bindCaused = (parent: UAObject, method: (typeof CAUSED | typeof CAUSED_INSIDE)[number]): void =>
    bind(parent, method, async (args, user) => {
      const answer = await ask({ method, cause: args.number(0), description: args.text(1) }, user);
      return answer && [int32(answer.error)];
    });
  for (const method of CAUSED) bindCaused(vision, method);
  for (const method of CAUSED_INSIDE) bindCaused(automatic, method);

  for (const method of STARTS) {
    bind(automatic, method, async (args, user) => {
      const start = {
        measId: args.id(0),
        partId: args.id(1),
        recipe: args.id(2),
        product: args.id(3),
        parameters: args.count(4),
      };
      const answer = await ask({ method, start }, user);
      return answer && [structure(model.structure('JobIdDataType', { id: answer.jobId })), int32(answer.error)];
    });
  }

  bind(vision, 'SelectModeAutomatic', async (_, user) => {
    const answer = await ask({ method: 'SelectModeAutomatic' }, user);
    return answer && [int32(answer.error)];
  });
  bind(vision, 'ConfirmAll', async (args, user) => {
    const answer = await ask({ method: 'ConfirmAll', comment: args.text(0) }, user);
    confirmed();
    return answer && [];
  });
}
