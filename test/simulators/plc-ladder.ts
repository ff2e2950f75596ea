// The program of a simulated PLC for one line, as docs/plc.md tells its reader to write it: called once a scan, it
// reads tags, writes tags, and remembers nothing else than a PLC would.

export interface LadderSettings {
  readonly seed: number;
  /** Parts to send in all, over every restart. */
  readonly parts: number;
  /** Longest wait between two parts. */
  readonly gapMs: number;
  /** The PLC gives a part up after this. */
  readonly timeoutMs: number;
  /** A counter that begins at 0 with each start, or a Boolean that is raised for each part. */
  readonly trigger: 'counter' | 'pulse';
  /** Share of results that are never acknowledged, and of those that are acknowledged late. */
  readonly lostAcks: number;
  readonly lateAcks: number;
  readonly lateAckMs: number;
  /** Share of parts in the middle of which the program is started anew while the server goes on. */
  readonly programRestarts: number;
}

/** What the PLC has put down, one line each; it outlives the process. */
export type LadderRecord =
  | { readonly kind: 'triggered'; readonly part: number }
  | { readonly kind: 'accepted'; readonly part: number; readonly ok: boolean; readonly inspection: string }
  | { readonly kind: 'given-up'; readonly part: number; readonly why: string }
  /** A result with another id than that of the part the PLC waits for. */
  | { readonly kind: 'ignored'; readonly part: number; readonly echo: number }
  /** Something that must never be seen. */
  | { readonly kind: 'violation'; readonly part: number; readonly what: string };

export const LADDER_TAGS = {
  Trigger: { pulse: ['Boolean', false], counter: ['UInt32', 0] },
  PartId: ['UInt32', 0],
  Recipe: ['String', ''],
  Ack: ['Boolean', false],
  PlcHeartbeat: ['UInt16', 0],
  Ready: ['Boolean', false],
  Busy: ['Boolean', false],
  Done: ['Boolean', false],
  TriggerAck: { pulse: ['Boolean', false], counter: ['UInt32', 0] },
  Error: ['Boolean', false],
  ErrorCode: ['Int16', 0],
  Heartbeat: ['UInt16', 0],
  OK: ['Boolean', false],
  NOK: ['Boolean', false],
  Reject: ['Boolean', true],
  Code: ['Int16', 0],
  Label: ['String', ''],
  PartEcho: ['UInt32', 0],
  InspectionId: ['String', ''],
  Counter: ['UInt32', 0],
} as const;
export type LadderTag = keyof typeof LADDER_TAGS;

export interface LadderWorld {
  get(tag: LadderTag): unknown;
  set(tag: LadderTag, value: unknown): void;
  /** Sets every tag to the value it has after a start. */
  clear(): void;
  record(record: LadderRecord): void;
  /** Brings a part in front of the camera. */
  brings(part: number): void;
  /** The part in front of the camera. */
  present(): number;
  nowMs(): number;
}

type Step = 'gap' | 'ask' | 'bring' | 'wait' | 'late-ack' | 'release' | 'finished';

export class Ladder {
  readonly #world: LadderWorld;
  readonly #settings: LadderSettings;
  readonly #random: () => number;
  #step: Step = 'gap';
  #part: number;
  #sinceMs = 0;
  #waitMs = 0;
  #seen = false;
  #restartAtMs = Number.POSITIVE_INFINITY;

  /** `part`: the last one before the start, 0 for none. */
  constructor(world: LadderWorld, settings: LadderSettings, part: number) {
    this.#world = world;
    this.#settings = settings;
    this.#part = part;
    this.#random = generator(settings.seed + part * 7919);
  }

  get finished(): boolean {
    return this.#step === 'finished';
  }

  scan(): void {
    const world = this.#world;
    world.set('PlcHeartbeat', (Number(world.get('PlcHeartbeat')) + 1) % 65_536);
    this.#guard();
    if (world.nowMs() >= this.#restartAtMs) {
      this.#startAnew();
      return;
    }
    switch (this.#step) {
      case 'gap':
        if (this.#elapsed() >= this.#waitMs) this.#go(this.#part >= this.#settings.parts ? 'finished' : 'ask');
        break;
      case 'ask':
        if (!this.#welcome()) break;
        world.brings(this.#part + 1);
        this.#go('bring');
        break;
      case 'bring':
        if (world.present() === this.#part + 1 && this.#welcome()) this.#trigger();
        break;
      case 'wait':
        this.#wait();
        break;
      case 'late-ack':
        if (this.#elapsed() >= this.#waitMs) this.#acknowledge();
        break;
      case 'release':
        if (world.get('Done') === true && this.#elapsed() < this.#settings.timeoutMs) break;
        world.set('Ack', false);
        this.#next();
        break;
      case 'finished':
        break;
    }
  }

  #welcome(): boolean {
    return this.#world.get('Ready') === true && this.#world.get('Done') === false;
  }

  #trigger(): void {
    const { trigger, programRestarts } = this.#settings;
    const world = this.#world;
    this.#part += 1;
    this.#seen = false;
    world.record({ kind: 'triggered', part: this.#part });
    // Id and recipe stand before the trigger, and until the station is busy.
    world.set('PartId', this.#part);
    world.set('Recipe', `recipe-${this.#part % 3}`);
    world.set('Trigger', trigger === 'pulse' ? true : Number(world.get('Trigger')) + 1);
    const restarts = this.#random() < programRestarts;
    this.#restartAtMs = restarts ? world.nowMs() + this.#random() * 150 : Number.POSITIVE_INFINITY;
    this.#go('wait');
  }

  #wait(): void {
    const world = this.#world;
    const acknowledged = world.get('TriggerAck') === world.get('Trigger');
    this.#seen ||= acknowledged || world.get('Busy') === true;
    if (this.#seen && this.#settings.trigger === 'pulse') world.set('Trigger', false);
    if (world.get('Done') === true && world.get('PartEcho') === this.#part) {
      this.#take();
      return;
    }
    // Of a part from before the last restart: it is none of ours.
    if (world.get('Done') === true)
      world.record({ kind: 'ignored', part: this.#part, echo: Number(world.get('PartEcho')) });
    if (this.#seen && world.get('Error') === true) {
      this.#giveUp(`error ${String(world.get('ErrorCode'))}`);
      return;
    }
    if (this.#elapsed() <= this.#settings.timeoutMs) return;
    // Nobody has taken the trigger, yet it may still be on its way: the station has to begin anew.
    if (!this.#seen) world.set('Ready', false);
    this.#giveUp('timeout');
  }

  #take(): void {
    const { lostAcks, lateAcks, lateAckMs } = this.#settings;
    const [ok, nok] = [this.#world.get('OK') === true, this.#world.get('NOK') === true];
    // A result that was taken down while it was being written: none.
    if (!ok && !nok) {
      this.#giveUp('no result');
      return;
    }
    const inspection = String(this.#world.get('InspectionId'));
    this.#world.record({ kind: 'accepted', part: this.#part, ok, inspection });
    if (this.#settings.trigger === 'pulse') this.#world.set('Trigger', false);
    const luck = this.#random();
    if (luck < lostAcks) {
      this.#next();
      return;
    }
    if (luck >= lostAcks + lateAcks) {
      this.#acknowledge();
      return;
    }
    this.#waitMs = this.#random() * lateAckMs;
    this.#go('late-ack');
  }

  #acknowledge(): void {
    this.#world.set('Ack', true);
    this.#go('release');
  }

  #giveUp(why: string): void {
    this.#world.record({ kind: 'given-up', part: this.#part, why });
    if (this.#settings.trigger === 'pulse') this.#world.set('Trigger', false);
    this.#next();
  }

  #next(): void {
    this.#restartAtMs = Number.POSITIVE_INFINITY;
    this.#waitMs = this.#random() * this.#settings.gapMs;
    this.#go('gap');
  }

  /** The program is loaded anew: all tags fall to their initial values, the connection stands. */
  #startAnew(): void {
    if (this.#step === 'wait') this.#world.record({ kind: 'given-up', part: this.#part, why: 'program restart' });
    this.#world.clear();
    this.#next();
  }

  /** What holds in every scan. */
  #guard(): void {
    const world = this.#world;
    const [done, ok, nok] = [world.get('Done'), world.get('OK'), world.get('NOK')];
    const violation = (what: string): void => world.record({ kind: 'violation', part: this.#part, what });
    if (ok === true && nok === true) violation('OK and NOK together');
    if (done === true && world.get('Ready') === true) violation('ready with a result');
    if (world.get('Reject') === false && ok !== true && nok === true) violation('no reject with NOK');
  }

  #go(step: Step): void {
    this.#step = step;
    this.#sinceMs = this.#world.nowMs();
  }

  #elapsed(): number {
    return this.#world.nowMs() - this.#sinceMs;
  }
}

/** Whether the simulated part is good: what a right verdict says of it. */
export function isGood(part: number): boolean {
  return (part * 2_654_435_761) % 100 < 60;
}

/** Park and Miller's minimal standard generator. */
function generator(seed: number): () => number {
  let value = (seed % 2_147_483_646) + 1;
  return () => {
    value = (value * 48_271) % 2_147_483_647;
    return value / 2_147_483_647;
  };
}
