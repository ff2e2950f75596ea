/** Lets one loop sleep until something happens. A `raise` while nobody waits is not lost: the next `wait` returns. */
export class WakeUp {
  #raised = false;
  #waiter: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#waiter?.();
  }

  /** Resolves at the next `raise`, or after `timeoutMs`. */
  async wait(timeoutMs?: number): Promise<void> {
    if (!this.#raised) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
        if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
    }
    this.#waiter = undefined;
    this.#raised = false;
  }
}
