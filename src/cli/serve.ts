import type { Agent } from '../app/agent.js';
import { modelFields } from '../app/model-fields.js';
import type { SystemdNotifier } from '../app/systemd.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

/** Longest orderly stop; a model run that hangs must not keep the process alive for ever. */
const STOP_MS = 10_000;

/** How long a worker may take to answer the watchdog's question. */
const ANSWER_MS = 5000;

/**
 * Starts the agent and runs it until SIGINT, SIGTERM or a station's end; then stops it in order.
 * @returns the exit code: 0 after a signal, 1 when a station could not go on.
 * @throws what `agent.start` throws, after what had begun is stopped again.
 */
export async function serve(agent: Agent, notifier: SystemdNotifier, logger: Logger): Promise<number> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    // For good: Ctrl-C under npm arrives twice, and the second must not cut the orderly stop short; that is bounded.
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, resolve);
  });
  try {
    await agent.start();
    for (const { station, info } of agent.models) logger.info(modelFields(info), `Station ${station} is ready.`);
    logger.info({}, 'Ready.');
    await notifier.ready(agent.statusLine());
    notifier.watch(
      () => agent.healthy(ANSWER_MS),
      () => agent.statusLine(),
    );
    const end = await Promise.race([
      signalled.then((signal) => ({ signal, error: undefined })),
      agent.finished().then(
        () => ({ signal: undefined, error: undefined }),
        (error: unknown) => ({ signal: undefined, error }),
      ),
    ]);
    if (end.error !== undefined) logger.error({}, `The agent cannot go on: ${messageOf(end.error)}`);
    else logger.info({}, end.signal === undefined ? 'Every camera has ended.' : `Stopping on ${end.signal}.`);
    return end.error === undefined ? 0 : 1;
  } finally {
    const overdue = setTimeout(() => {
      logger.error({}, `The stop took longer than ${STOP_MS / 1000} s; leaving at once. Committed records are safe.`);
      process.exit(1);
    }, STOP_MS);
    await notifier.stopping();
    await agent.stop();
    clearTimeout(overdue);
  }
}
