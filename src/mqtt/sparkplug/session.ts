/**
 * The life of an edge node towards its hosts, as chapter 5 of the Sparkplug 3.0 specification has it: one will a
 * CONNECT, subscriptions, the primary host, births, data, deaths. Pure: `step(state, event)` gives the next state and
 * what is to be done, in order.
 *
 * Invariants: the bdSeq of a birth is that of the connection's will; the sequence numbers of what is published count up
 * by one from 0 at each NBIRTH, 255 is followed by 0; nothing but births comes before a birth; nothing follows an NDEATH
 * on the same connection.
 */
export interface SessionState {
  readonly phase: 'offline' | 'subscribing' | 'waiting' | 'born' | 'dead';
  /** Of the will of this connection, or of the next attempt. */
  readonly bdSeq: number;
  /** A CONNECT with this bdSeq has gone out: the next one takes the next. */
  readonly used: boolean;
  /** Of the next message. */
  readonly seq: number;
  /** Every device with what is known of it. */
  readonly devices: ReadonlyMap<string, DeviceState>;
  /** The last statement of the primary host on this connection. */
  readonly host: { readonly online: boolean; readonly timestampMs: number } | undefined;
  /** The newest time of all its statements, over connections: another server may hold an old one. */
  readonly hostSeenMs: number;
}

export interface DeviceState {
  /** Its equipment can be reached. */
  readonly present: boolean;
  /** It has a DBIRTH and no DDEATH since. */
  readonly born: boolean;
}

export interface SessionRules {
  /** Births wait for it. */
  readonly primaryHost: boolean;
  /** There is another server to go to. */
  readonly severalServers: boolean;
}

export type SessionEvent =
  /** A connection is about to be tried: its will carries `bdSeq` of the state that follows. */
  | { readonly kind: 'connecting' }
  /** The attempt has reached a server: its CONNECT is on the way. */
  | { readonly kind: 'connect-sent' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'host'; readonly online: boolean; readonly timestampMs: number }
  /** The primary host has said nothing for too long. */
  | { readonly kind: 'host-silent' }
  | { readonly kind: 'rebirth' }
  | { readonly kind: 'device'; readonly device: string; readonly present: boolean }
  /** The metrics of a device are others now. */
  | { readonly kind: 'redefined'; readonly device: string }
  | { readonly kind: 'data'; readonly device?: string }
  /** The node ends the connection on its own account. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'lost' };

export type SessionAction =
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'publish'; readonly message: 'NBIRTH' | 'NDATA'; readonly seq: number }
  | {
      readonly kind: 'publish';
      readonly message: 'DBIRTH' | 'DDATA' | 'DDEATH';
      readonly seq: number;
      readonly device: string;
    }
  | { readonly kind: 'publish'; readonly message: 'NDEATH' }
  /** Every birth of a session is out, for the first time. */
  | { readonly kind: 'born' }
  /** End the connection and go to the next server. */
  | { readonly kind: 'move-on' };

export type Step = readonly [SessionState, readonly SessionAction[]];

const NUMBERS = 256;

/** `lastBdSeq` is that of the last CONNECT of the process before; without one bdSeq begins at 0. */
export function initialSession(devices: readonly string[], lastBdSeq?: number): SessionState {
  return {
    phase: 'offline',
    bdSeq: lastBdSeq ?? 0,
    used: lastBdSeq !== undefined,
    seq: 0,
    devices: new Map(devices.map((device) => [device, { present: true, born: false }])),
    host: undefined,
    hostSeenMs: 0,
  };
}

/** Whether data of the node, or of the device, may go out now. */
export function mayPublish(state: SessionState, device?: string): boolean {
  return state.phase === 'born' && (device === undefined || state.devices.get(device)?.born === true);
}

export function step(state: SessionState, event: SessionEvent, rules: SessionRules): Step {
  switch (event.kind) {
    case 'connecting':
      return still({ ...offline(state), ...(state.used && { bdSeq: (state.bdSeq + 1) % NUMBERS }), used: false });
    case 'connect-sent':
      return still({ ...state, used: true });
    case 'connected':
      return state.phase === 'offline'
        ? [{ ...state, phase: 'subscribing', used: true, host: undefined }, [{ kind: 'subscribe' }]]
        : still(state);
    case 'subscribed':
      return subscribed(state, rules);
    case 'host':
      return rules.primaryHost ? hostSpoke(state, event, rules) : still(state);
    case 'host-silent':
      return state.phase === 'waiting' && rules.severalServers ? [dead(state), [{ kind: 'move-on' }]] : still(state);
    case 'rebirth':
      return state.phase === 'born' ? births(state) : still(state);
    case 'device':
      return deviceChanged(state, event.device, event.present);
    case 'redefined':
      return redefined(state, event.device);
    case 'data':
      return data(state, event.device);
    case 'leave':
      return leave(state);
    case 'lost':
      return still(offline(state));
  }
}

function still(state: SessionState): Step {
  return [state, []];
}

function offline(state: SessionState): SessionState {
  return { ...state, phase: 'offline', devices: unborn(state.devices), host: undefined };
}

function dead(state: SessionState): SessionState {
  return { ...state, phase: 'dead', devices: unborn(state.devices) };
}

function unborn(devices: SessionState['devices']): SessionState['devices'] {
  return new Map([...devices].map(([name, { present }]) => [name, { present, born: false }]));
}

function subscribed(state: SessionState, rules: SessionRules): Step {
  if (state.phase !== 'subscribing') return still(state);
  if (!rules.primaryHost) return births(state);
  if (state.host?.online) return births(state);
  // The retained statement may have come before the broker's answer to the subscription.
  if (state.host !== undefined && rules.severalServers) return [dead(state), [{ kind: 'move-on' }]];
  return still({ ...state, phase: 'waiting' });
}

/** A statement older than the last one is of a session of the host that has ended: it says nothing of the present one. */
function hostSpoke(
  state: SessionState,
  { online, timestampMs }: { readonly online: boolean; readonly timestampMs: number },
  rules: SessionRules,
): Step {
  if (state.phase === 'offline' || timestampMs < state.hostSeenMs) return still(state);
  const next = { ...state, host: { online, timestampMs }, hostSeenMs: timestampMs };
  if (online) return next.phase === 'waiting' ? births(next) : still(next);
  if (next.phase === 'born') return [dead(next), [{ kind: 'publish', message: 'NDEATH' }, { kind: 'move-on' }]];
  if (next.phase === 'waiting' && rules.severalServers) return [dead(next), [{ kind: 'move-on' }]];
  return still(next);
}

function births(state: SessionState): Step {
  const actions: SessionAction[] = [{ kind: 'publish', message: 'NBIRTH', seq: 0 }];
  const devices = new Map<string, DeviceState>();
  for (const [device, { present }] of state.devices) {
    if (present) actions.push({ kind: 'publish', message: 'DBIRTH', seq: actions.length % NUMBERS, device });
    devices.set(device, { present, born: present });
  }
  const seq = actions.length % NUMBERS;
  if (state.phase !== 'born') actions.push({ kind: 'born' });
  return [{ ...state, phase: 'born', seq, devices }, actions];
}

function deviceChanged(state: SessionState, device: string, present: boolean): Step {
  const known = state.devices.get(device);
  if ((known?.present ?? false) === present) return still(state);
  const born = present && state.phase === 'born';
  const next = { ...state, devices: new Map(state.devices).set(device, { present, born }) };
  if (state.phase !== 'born') return still(next);
  return numbered(next, present ? 'DBIRTH' : 'DDEATH', device);
}

/** Some hosts take a second birth for another device of the same name: the first one dies before. */
function redefined(state: SessionState, device: string): Step {
  if (!mayPublish(state, device)) return still(state);
  const [dying, death] = numbered(state, 'DDEATH', device);
  const [next, birth] = numbered(dying, 'DBIRTH', device);
  return [next, [...death, ...birth]];
}

function data(state: SessionState, device: string | undefined): Step {
  if (!mayPublish(state, device)) return still(state);
  if (device !== undefined) return numbered(state, 'DDATA', device);
  return [{ ...state, seq: (state.seq + 1) % NUMBERS }, [{ kind: 'publish', message: 'NDATA', seq: state.seq }]];
}

function numbered(state: SessionState, message: 'DBIRTH' | 'DDATA' | 'DDEATH', device: string): Step {
  return [{ ...state, seq: (state.seq + 1) % NUMBERS }, [{ kind: 'publish', message, seq: state.seq, device }]];
}

/** Before its birth nobody knows of the node: an NDEATH would then be the first that is heard of it. */
function leave(state: SessionState): Step {
  if (state.phase === 'born') return [dead(state), [{ kind: 'publish', message: 'NDEATH' }]];
  return still(state.phase === 'offline' ? state : dead(state));
}
