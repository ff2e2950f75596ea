import { beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Inspection } from '#jidoka/domain/inspection.js';
import type { ReasonCode } from '#jidoka/domain/verdict.js';
import { METHOD_ERRORS, type StationView, type ToServer } from '#jidoka/opcua-server/protocol.js';
import { VisionSystem } from '#jidoka/opcua-server/vision-system.js';
import type { CalledPart, ControlEntry, ControlledStation, StationTrouble } from '#jidoka/ports/controlled-station.js';

const model = (name: string) => ({ name, version: '1.0.0', sha256: 'ab'.repeat(32) });

/** A station that remembers what is done to it. */
class FakeStation implements ControlledStation {
  readonly name = 'surface';
  readonly simulated = false;
  paused: string | undefined;
  troubles: StationTrouble[] = [];
  recipes = { all: ['cover', 'base'].map((name) => ({ name, model: model(name) })), inForce: 'cover' };
  readonly done: string[] = [];
  readonly audited: ControlEntry[] = [];
  called: { part: CalledPart; signal: AbortSignal; settle: (inspected: boolean) => void } | undefined;
  changed: () => void = () => undefined;

  pause(by: string, reason?: string): void {
    this.paused = reason === undefined ? by : `${by} (${reason})`;
    this.done.push(`pause ${this.paused}`);
    this.changed();
  }

  resume(): void {
    this.paused = undefined;
    this.done.push('resume');
    this.changed();
  }

  async selectRecipe(name: string): Promise<void> {
    if (this.done.includes('no change')) throw new Error('the model is damaged');
    this.recipes = { ...this.recipes, inForce: name };
  }

  inspectNow(part: CalledPart, signal: AbortSignal): Promise<boolean> {
    this.done.push(`inspect ${part.externalId ?? ''}`);
    return new Promise((settle) => {
      this.called = { part, signal, settle };
      signal.addEventListener('abort', () => settle(false));
    });
  }

  acknowledge(by: string): void {
    this.done.push(`acknowledge ${by}`);
  }

  audit(entry: ControlEntry): void {
    this.audited.push(entry);
  }
}

function inspection(id: string, reason?: ReasonCode, partId?: string): Inspection {
  return {
    id,
    station: 'surface',
    ...(partId !== undefined && { partId }),
    capturedAtMs: 1000,
    decidedAtMs: 1010,
    verdict: reason ? { decision: 'review', reasons: [{ code: reason, text: '' }] } : { decision: 'pass', reasons: [] },
    model: model('cover'),
    result: reason ? null : { label: 'good', score: 0.9, scores: { good: 0.9 } },
    snapshot: { atMs: 1000, readings: [] },
    timing: { waitMs: 0, totalMs: 10 },
  };
}

const none = { measId: '', partId: '', recipe: '', product: '', parameters: 0 };
const cause = { cause: 3, description: 'lens' };

describe('a station as a vision system', () => {
  let station: FakeStation;
  let sent: ToServer[];
  let system: VisionSystem;

  beforeEach(() => {
    station = new FakeStation();
    sent = [];
    let job = 0;
    system = new VisionSystem({
      station,
      results: 3,
      newJobId: () => `job-${++job}`,
      send: (message) => sent.push(message),
      logger: silentLogger,
    });
    // As the agent does it: whatever changes a station makes everybody look.
    station.changed = () => system.look();
    system.look();
  });

  const view = (): StationView | undefined =>
    sent.flatMap((message) => (message.kind === 'view' ? [message.view] : [])).at(-1);
  const results = () => sent.flatMap((message) => (message.kind === 'result' ? [message.result] : []));
  const told = () =>
    sent
      .flatMap((message) => (message.kind === 'view' ? message.told : []))
      .map((one) => (one.do === 'tell-transition' ? one.transition : one.event));

  async function ready(): Promise<void> {
    await system.request({ method: 'Stop', ...cause }, 'anna');
    station.done.length = 0;
  }

  it('executes at once as the station does, and belongs to one job', () => {
    expect(view()).toMatchObject({ state: 'ContinuousExecution', prepared: true, inForce: 'cover' });
    system.inspected(inspection('i1'));
    system.inspected(inspection('i2', undefined, 'from-plc'));
    const [first, second] = results();
    expect(first).toMatchObject({ jobId: view()?.job?.id, recipe: { name: 'cover' } });
    expect(second).toMatchObject({ jobId: first?.jobId, partId: 'from-plc' });
  });

  it('stops by a pause that says who and why, and writes it down', async () => {
    expect(await system.request({ method: 'Stop', ...cause }, 'anna')).toEqual({ kind: 'done', error: 0, jobId: '' });
    expect(station.done).toEqual(['pause anna (Stop, cause 3: lens)']);
    expect(view()?.state).toBe('Ready');
    expect(station.audited).toEqual([{ method: 'Stop', by: 'anna', given: cause, refusal: undefined }]);
  });

  it('refuses what the state does not allow, and writes that down too', async () => {
    expect(await system.request({ method: 'StartSingleJob', start: none }, 'anna')).toEqual({ kind: 'not-now' });
    expect(station.done).toEqual([]);
    expect(station.audited[0]?.refusal).toBe('not allowed in the state ContinuousExecution');
  });

  it('takes one part with its ids for a single job, during the pause', async () => {
    await ready();
    const start = { ...none, measId: 'm1', partId: 'p1' };
    const answer = await system.request({ method: 'StartSingleJob', start }, 'anna');
    const jobId = answer.kind === 'done' ? answer.jobId : '';
    expect(station.done).toEqual(['inspect p1']);
    expect(view()).toMatchObject({ state: 'SingleExecution', job: { id: jobId } });
    station.called?.part.opened('i1');
    system.inspected(inspection('other'));
    expect(view()?.state).toBe('SingleExecution');
    system.inspected(inspection('i1', undefined, 'p1'));
    expect(results().at(-1)).toMatchObject({ jobId, measId: 'm1', partId: 'p1' });
    expect(results().at(-2)?.jobId).not.toBe(jobId);
    expect(view()?.state).toBe('Ready');
    expect(told().slice(-2)).toEqual(['SingleExecutionToReadyAuto', 'Ready']);
    expect(station.paused).toBeDefined();
  });

  it('is ready again when the part of a single job was lost', async () => {
    await ready();
    await system.request({ method: 'StartSingleJob', start: none }, 'anna');
    station.called?.settle(false);
    await vi.waitFor(() => expect(view()?.state).toBe('Ready'));
    expect(results()).toEqual([]);
  });

  it('gives a part up at an abort, and knows it all the same when it comes', async () => {
    await ready();
    await system.request({ method: 'StartSingleJob', start: { ...none, measId: 'm1' } }, 'anna');
    station.called?.part.opened('i1');
    await system.request({ method: 'Abort', ...cause }, 'anna');
    expect(station.called?.signal.aborted).toBe(true);
    expect(view()?.state).toBe('Ready');
    system.inspected(inspection('i1'));
    expect(results().at(-1)).toMatchObject({ measId: 'm1' });
  });

  it('follows a pause and a resume by another door', async () => {
    station.paused = 'kim (mqtt)';
    system.look();
    expect(view()).toMatchObject({ state: 'Ready', paused: 'kim (mqtt)' });
    station.paused = undefined;
    system.look();
    expect(view()?.state).toBe('ContinuousExecution');
    expect(told().slice(-2)).toEqual(['ReadyToContinuousExecutionAuto', 'JobStarted']);
    expect(station.done).toEqual([]);
  });

  it('is in error while its camera is, not for a warning', () => {
    station.troubles = [{ where: 'sensors of surface', text: 'stale', severity: 'warning' }];
    system.look();
    expect(view()).toMatchObject({ state: 'ContinuousExecution', troubles: station.troubles });
    station.troubles = [{ where: 'camera of surface', text: 'gone', severity: 'error' }];
    system.look();
    expect(view()?.state).toBe('Error');
    station.troubles = [];
    system.look();
    expect(view()?.state).toBe('ContinuousExecution');
    expect(station.done).toEqual([]);
  });

  it('is in error when the model could not judge three parts in a row', () => {
    for (const id of ['i1', 'i2']) system.inspected(inspection(id, 'INFERENCE_FAILED'));
    expect(view()?.state).toBe('ContinuousExecution');
    system.inspected(inspection('i3', 'INFERENCE_FAILED'));
    expect(view()).toMatchObject({ state: 'Error', troubles: [{ where: 'model of surface' }] });
    system.inspected(inspection('i4'));
    expect(view()?.state).toBe('ContinuousExecution');
  });

  it.each([
    ['RECIPE_UNKNOWN', { recipe: 'lid' }],
    ['RECIPE_NOT_PREPARED', { recipe: 'base' }],
    ['PRODUCT_UNKNOWN', { product: 'x' }],
    ['PARAMETERS_UNKNOWN', { parameters: 1 }],
  ] as const)('answers a start with %s', async (error, given) => {
    await ready();
    const answer = await system.request({ method: 'StartContinuous', start: { ...none, ...given } }, 'anna');
    expect(answer).toEqual({ kind: 'done', error: METHOD_ERRORS[error], jobId: '' });
    expect(station.done).toEqual([]);
    expect(view()?.state).toBe('Ready');
  });

  it('puts the recipe in force that is prepared, while it executes as well', async () => {
    const prepare = (recipe: string) => system.request({ method: 'PrepareRecipe', recipe }, 'anna');
    expect(await prepare('lid')).toMatchObject({ error: METHOD_ERRORS.RECIPE_UNKNOWN });
    expect(await prepare('base')).toMatchObject({ error: METHOD_ERRORS.OK });
    expect(view()).toMatchObject({ state: 'ContinuousExecution', inForce: 'base' });
    expect(told().at(-1)).toBe('RecipePrepared');
  });

  it('says that a recipe could not be taken, and keeps the other', async () => {
    station.done.push('no change');
    const answer = await system.request({ method: 'PrepareRecipe', recipe: 'base' }, 'anna');
    expect(answer).toMatchObject({ error: METHOD_ERRORS.NOT_CARRIED_OUT });
    expect(view()?.inForce).toBe('cover');
  });

  it('starts no job without a prepared recipe', async () => {
    await ready();
    await system.request({ method: 'UnprepareRecipe', recipe: 'cover' }, 'anna');
    expect(view()).toMatchObject({ state: 'Initialized', prepared: false });
    expect(await system.request({ method: 'StartContinuous', start: none }, 'anna')).toEqual({ kind: 'not-now' });
    await system.request({ method: 'PrepareRecipe', recipe: 'cover' }, 'anna');
    expect(view()?.state).toBe('Ready');
  });

  it('passes on who knows of the troubles', async () => {
    await system.request({ method: 'ConfirmAll', comment: 'ordered' }, 'anna');
    expect(station.done).toEqual(['acknowledge anna: ordered']);
  });

  it('keeps the newest results for a server that starts later, and says that they are old', () => {
    for (const id of ['i1', 'i2', 'i3', 'i4']) system.inspected(inspection(id));
    sent = [];
    system.showAll();
    expect(
      sent.map((message) => (message.kind === 'result' ? [message.result.inspection.id, message.fresh] : 'view')),
    ).toEqual(['view', ['i2', false], ['i3', false], ['i4', false]]);
  });

  it('says nothing where nothing has changed', () => {
    sent = [];
    for (let count = 0; count < 3; count += 1) system.look();
    expect(sent).toEqual([]);
  });
});
