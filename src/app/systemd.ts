import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

/** A `systemd-notify` that hangs must not hold up the next one for longer than this. */
const SPAWN_TIMEOUT_MS = 5000;
/** A step of a long start, such as one table of a database of many gigabytes, takes less. */
const EXTENSION_USEC = 5 * 60 * 1_000_000;

export interface SystemdOptions {
  readonly logger: Logger;
  /** Default: `$NOTIFY_SOCKET`. Without it nothing is ever sent. */
  readonly notifySocket?: string | undefined;
  /** Default: `$WATCHDOG_USEC`, where `$WATCHDOG_PID` is this process. Without it there is no watchdog to feed. */
  readonly watchdogUsec?: number | undefined;
  /** Sends assignments such as `READY=1`. Default: runs `systemd-notify`. */
  readonly spawn?: (assignments: readonly string[], notifySocket: string) => Promise<void>;
}

/**
 * Tells systemd how the daemon is (sd_notify(3)). Node has no datagram sockets of the unix family, so the messages go
 * through `systemd-notify`, one at a time; the unit needs `NotifyAccess=all`. A message that cannot be sent is logged
 * once and never stops the daemon.
 */
export class SystemdNotifier {
  readonly #logger: Logger;
  readonly #socket: string | undefined;
  readonly #watchdogMs: number | undefined;
  readonly #spawn: (assignments: readonly string[], notifySocket: string) => Promise<void>;
  #sending: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #status: string | undefined;
  #checking = false;
  #healthy = true;
  #failing = false;

  constructor(options: SystemdOptions) {
    this.#logger = options.logger;
    this.#socket = ('notifySocket' in options ? options.notifySocket : process.env['NOTIFY_SOCKET']) || undefined;
    const usec = 'watchdogUsec' in options ? options.watchdogUsec : watchdogUsecOfProcess();
    this.#watchdogMs = usec !== undefined && usec > 0 ? usec / 1000 : undefined;
    this.#spawn = options.spawn ?? runSystemdNotify;
  }

  /** Call once the daemon does its work: the start job of the unit ends with it. */
  ready(status?: string): Promise<void> {
    return this.#send(['READY=1', ...this.#changed(status)]);
  }

  /** Call every few seconds while the start takes longer than usual and gets on: systemd waits for five minutes more. */
  starting(): Promise<void> {
    return this.#send([`EXTEND_TIMEOUT_USEC=${EXTENSION_USEC}`]);
  }

  /** One line for `systemctl status`; the same text again is not sent. */
  status(text: string): Promise<void> {
    return this.#send(this.#changed(text));
  }

  /**
   * Feeds the watchdog at a third of its period, each time only when `healthy` says so: a daemon whose timer runs but
   * whose work stands still is restarted. `status` is sent along where it has changed.
   */
  watch(healthy: () => Promise<boolean>, status?: () => string): void {
    if (this.#socket === undefined || this.#watchdogMs === undefined || this.#timer !== undefined) return;
    const beat = (): void => void this.#beat(healthy, status);
    this.#timer = setInterval(beat, this.#watchdogMs / 3);
    beat();
  }

  /** Call when the stop begins. The watchdog goes unfed from here on: a stop that hangs is ended by systemd. */
  stopping(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    return this.#send(['STOPPING=1', ...this.#changed('stopping')]);
  }

  async #beat(healthy: () => Promise<boolean>, status: (() => string) | undefined): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const well = await this.#check(healthy);
      if (this.#timer === undefined) return;
      await this.#send([...(well ? ['WATCHDOG=1'] : []), ...this.#changed(status?.())]);
    } finally {
      this.#checking = false;
    }
  }

  async #check(healthy: () => Promise<boolean>): Promise<boolean> {
    let well = false;
    let reason = 'a part of the daemon does not answer';
    try {
      well = await healthy();
    } catch (error) {
      reason = messageOf(error);
    }
    if (well !== this.#healthy) {
      this.#healthy = well;
      if (well) this.#logger.info({}, 'The health check passes again.');
      else this.#logger.error({ reason }, 'The health check failed; unless it recovers, systemd restarts the daemon.');
    }
    return well;
  }

  #changed(text: string | undefined): readonly string[] {
    const line = text?.replace(/\s+/g, ' ').trim();
    if (line === undefined || line === this.#status) return [];
    this.#status = line;
    return [`STATUS=${line}`];
  }

  #send(assignments: readonly string[]): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || assignments.length === 0) return Promise.resolve();
    this.#sending = this.#sending.then(async () => {
      try {
        await this.#spawn(assignments, socket);
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) this.#logger.warn({ reason: messageOf(error) }, 'systemd could not be notified.');
        this.#failing = true;
      }
    });
    return this.#sending;
  }
}

function watchdogUsecOfProcess(): number | undefined {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = process.env;
  if (usec === undefined || (pid !== undefined && pid !== String(process.pid))) return undefined;
  return Number.isFinite(Number(usec)) ? Number(usec) : undefined;
}

/** The rest of the environment stays here: it may hold secrets. */
async function runSystemdNotify(assignments: readonly string[], notifySocket: string): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: notifySocket };
  await promisify(execFile)('systemd-notify', [...assignments], {
    env,
    timeout: SPAWN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
}
