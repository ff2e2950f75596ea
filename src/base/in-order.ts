/**
 * Lets work that began in one order and finished in another go on in the first: each piece takes a turn when it
 * begins and runs its ordered step when every earlier turn is over.
 */
export class InOrder {
  #last: Promise<void> = Promise.resolve();

  /** Takes the next place. The function returned waits for it, runs the step, and gives way even when the step fails. */
  turn(): <T>(step: () => Promise<T> | T) => Promise<T> {
    const previous = this.#last;
    let release: () => void = () => undefined;
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    return async (step) => {
      await previous;
      try {
        return await step();
      } finally {
        release();
      }
    };
  }
}
