import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { sleep } from '../../base/lifecycle.js';
import type { Logger } from '../../base/logger.js';
import { ThrottledLog } from '../../base/throttled-log.js';
import { TokenBucket } from '../../base/token-bucket.js';
import type { AuditEntry } from '../../domain/command.js';
import type { AuditLog } from '../../ports/commands.js';

/** Entries that may wait for the disk. */
const MAX_PENDING = 200;
/** Refused commands that are written down: somebody may send any number of them, and the disk is not theirs to fill. */
const REFUSED = { burst: 500, perSecond: 1 };
const MAX_ARGUMENTS = 2000;

/** Writes the audit without letting a slow disk or a flood of refused commands take hold of the agent. */
export class AuditWriter {
  readonly #audit: AuditLog;
  readonly #refusedBucket: TokenBucket;
  readonly #unwritten: ThrottledLog;
  readonly #pending = new Set<Promise<void>>();

  constructor(audit: AuditLog, clock: Clock, logger: Logger) {
    this.#audit = audit;
    this.#refusedBucket = new TokenBucket(REFUSED, clock);
    this.#unwritten = new ThrottledLog(logger, clock, (count) => `${count} further commands are not in the audit.`);
  }

  /** More entries wait for the disk than should. */
  get full(): boolean {
    return this.#pending.size >= MAX_PENDING;
  }

  /** Resolves when the entry is on the disk, or has failed, or `waitMs` have passed; the writing goes on then. */
  async write(entry: AuditEntry, waitMs: number): Promise<void> {
    const timeUp = new AbortController();
    await Promise.race([this.#write(entry), sleep(waitMs, timeUp.signal)]);
    timeUp.abort();
  }

  writeRefused(entry: AuditEntry): void {
    if (this.full || !this.#refusedBucket.take()) {
      this.#unwritten.warn({ id: entry.id }, 'A refused command is not in the audit: there are too many.');
      return;
    }
    void this.#write(entry);
  }

  /** Waits for what is under way at most `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    const timeUp = new AbortController();
    await Promise.race([Promise.all(this.#pending), sleep(timeoutMs, timeUp.signal)]);
    timeUp.abort();
    this.#unwritten.flush();
  }

  #write(entry: AuditEntry): Promise<void> {
    const written = this.#audit
      .audit({ ...entry, arguments: bounded(entry.arguments), result: withoutImage(entry.result) })
      .catch((error: unknown) => {
        this.#unwritten.warn({ id: entry.id }, `A command is not in the audit: ${messageOf(error)}`);
      })
      .finally(() => this.#pending.delete(written));
    this.#pending.add(written);
    return written;
  }
}

/** Arguments come in many forms, and the audit takes what JSON can hold. */
function bounded(given: AuditEntry['arguments']): AuditEntry['arguments'] {
  const text = JSON.stringify(given, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return text.length <= MAX_ARGUMENTS ? (JSON.parse(text) as AuditEntry['arguments']) : { omitted: 'too large' };
}

/** A picture is for the one who asked; the audit says that there was one. */
export function withoutImage(result: AuditEntry['result']): AuditEntry['result'] {
  if (!result.ok || result.value['image'] === undefined) return result;
  const { image: _, ...value } = result.value;
  return { ok: true, value };
}
