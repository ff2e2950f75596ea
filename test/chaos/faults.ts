import type { Rig } from './rig.js';

/** Whole numbers from `from` to `to`, both included; the same seed gives the same row of them (mulberry32). */
export function randomNumbers(seed: number): (from: number, to: number) => number {
  let state = seed >>> 0;
  return (from, to) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const share = ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    return from + Math.floor(share * (to - from + 1));
  };
}

type Draw = (from: number, to: number) => number;
type Fault = (rig: Rig, draw: Draw) => Promise<void>;

/** What can go wrong, with how often of a hundred. Each ends with everything running again. */
export const FAULTS: readonly { readonly name: string; readonly weight: number; readonly strike: Fault }[] = [
  { name: 'agent killed', weight: 25, strike: killAgent },
  { name: 'agent killed again while starting', weight: 5, strike: killStartingAgent },
  { name: 'broker killed', weight: 25, strike: killBroker },
  { name: 'agent killed with the broker away', weight: 10, strike: killBoth },
  { name: 'connection cut', weight: 20, strike: cut },
  { name: 'connection frozen', weight: 5, strike: freeze },
  { name: 'connection frozen, then cut', weight: 5, strike: freezeAndCut },
  { name: 'connection slow', weight: 5, strike: slowDown },
];

export function drawFault(draw: Draw): (typeof FAULTS)[number] {
  let ticket = draw(
    1,
    FAULTS.reduce((sum, { weight }) => sum + weight, 0),
  );
  for (const fault of FAULTS) {
    ticket -= fault.weight;
    if (ticket <= 0) return fault;
  }
  throw new Error('the weights do not add up');
}

async function killAgent(rig: Rig): Promise<void> {
  await rig.agent.signal('SIGKILL');
  await rig.agentReady(rig.startAgent());
}

async function killStartingAgent(rig: Rig): Promise<void> {
  await rig.agent.signal('SIGKILL');
  const starting = rig.startAgent();
  await starting.logged(/./);
  await starting.signal('SIGKILL');
  await rig.agentReady(rig.startAgent());
}

async function killBroker(rig: Rig, draw: Draw): Promise<void> {
  await rig.killBroker();
  await rig.recorded(draw(1, 30));
  await bringBrokerBack(rig);
}

async function killBoth(rig: Rig, draw: Draw): Promise<void> {
  await rig.killBroker();
  await rig.recorded(draw(1, 20));
  await rig.agent.signal('SIGKILL');
  const agent = rig.startAgent();
  if (draw(0, 1) === 0) await rig.agentReady(agent);
  await bringBrokerBack(rig);
  await rig.agentReady(agent);
}

/**
 * Mosquitto writes a message that it keeps for a consumer who is away to disk a moment after it has acknowledged it, so
 * that a second kill in that moment would lose it, which is the broker's doing and not what is looked for here: the
 * agent finds the broker only when the consumer is back.
 */
async function bringBrokerBack(rig: Rig): Promise<void> {
  rig.proxy.cut();
  await rig.consumerDown();
  await rig.broker.restart();
  await rig.consumerUp();
  rig.proxy.open();
}

async function cut(rig: Rig, draw: Draw): Promise<void> {
  rig.proxy.cut();
  await rig.recorded(draw(1, 30));
  rig.proxy.open();
}

async function freeze(rig: Rig, draw: Draw): Promise<void> {
  rig.proxy.freeze();
  await rig.recorded(draw(1, 60));
  rig.proxy.thaw();
}

async function freezeAndCut(rig: Rig, draw: Draw): Promise<void> {
  rig.proxy.freeze();
  await rig.recorded(draw(1, 60));
  await cut(rig, draw);
}

async function slowDown(rig: Rig, draw: Draw): Promise<void> {
  rig.proxy.delayMs = draw(5, 80);
  await rig.recorded(draw(10, 40));
  rig.proxy.delayMs = 0;
}
