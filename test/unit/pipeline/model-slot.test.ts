import { describe, expect, it } from 'vitest';
import { type ModelInUse, ModelSlot } from '#jidoka/pipeline/model-slot.js';
import { ScriptedClassifier, twoClasses } from '../../simulators/ports.js';

function model(name: string): ModelInUse {
  return {
    classifier: new ScriptedClassifier(async () => 1),
    info: { ...twoClasses, model: { ...twoClasses.model, name } },
    policy: {
      goodLabel: 'good',
      classes: new Map(),
      minimumPassConfidence: 0.5,
      sensors: [],
      requiredSensors: new Set(),
    },
  };
}

/** A part that stays with its model until `leave` is called. */
function part(slot: ModelSlot) {
  let leave: () => void = () => undefined;
  const done = slot.use(async ({ info }) => {
    await new Promise<void>((resolve) => {
      leave = resolve;
    });
    return info.model.name;
  });
  return { done, leave: () => leave() };
}

describe('ModelSlot', () => {
  it('keeps a part with the model that it began with, and gives the next part the new one', async () => {
    const slot = new ModelSlot(model('old'));
    const before = part(slot);
    const retired = slot.change(model('new'));
    expect(slot.current.info.model.name).toBe('new');
    const after = part(slot);
    before.leave();
    expect(await before.done).toBe('old');
    await retired;
    after.leave();
    expect(await after.done).toBe('new');
  });

  it('says that a model is free when its last part is done, not before', async () => {
    const slot = new ModelSlot(model('old'));
    const parts = [part(slot), part(slot)];
    let free = false;
    const retired = slot.change(model('new')).then(() => {
      free = true;
    });
    parts[0]?.leave();
    await parts[0]?.done;
    await new Promise((resolve) => setImmediate(resolve));
    expect(free).toBe(false);
    parts[1]?.leave();
    await retired;
  });

  it('says at once that a model is free that has no part', async () => {
    const slot = new ModelSlot(model('old'));
    await slot.change(model('new'));
    await slot.change(model('newer'));
    expect(slot.current.info.model.name).toBe('newer');
  });

  it('counts a part that fails as done', async () => {
    const slot = new ModelSlot(model('old'));
    const failing = slot.use(async () => Promise.reject(new Error('no')));
    const retired = slot.change(model('new'));
    await expect(failing).rejects.toThrow('no');
    await retired;
  });
});
