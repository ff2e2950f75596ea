import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import { JidokaError } from '../base/errors.js';
import { Ballast } from './ballast.js';
import { closeDatabase } from './database.js';
import { diagnosed } from './disk-space.js';
import { prepareFolder } from './folder.js';
import { lockFolder } from './folder-lock.js';
import { NamesCopyKeeper } from './names-copy.js';
import { type FromWorker, sendable, type ToWorker, type WorkerData } from './protocol.js';
import { recentRescue, rescueText } from './rescue/report.js';
import { openSoundDatabase } from './sound-database.js';
import { openingError } from './sqlite-errors.js';
import { Vigil } from './vigil.js';
import { Writer } from './writer.js';

/** The copy of the names and numbers follows the database at this pace. */
const COPY_MS = 10_000;
/** Signs of life of a long start, at most so often. */
const PROGRESS_MS = 3000;

/** Entry of the store's thread: opens, serves, closes. */
function serve(port: NonNullable<typeof parentPort>, settings: WorkerData): void {
  const nowMs = (): number => systemClock.nowMs();
  const post = (message: FromWorker): void => port.postMessage(message);
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const undo of releases.splice(0).reverse()) undo();
  };

  const open = (): void => {
    const directory = prepareFolder(settings.directory);
    releases.push(onFullDisk(directory, () => lockFolder(directory, settings.pid)));
    const { db, migrated, unchecked } = onFullDisk(directory, () =>
      openSoundDatabase(directory, {
        nowMs,
        log: (level, message, fields = {}) => post({ kind: 'log', level, fields, message }),
        onProgress: throttled(PROGRESS_MS, (text) => post({ kind: 'progress', text })),
        ...(settings.checkedAtStartBytes !== undefined && { checkedAtStartBytes: settings.checkedAtStartBytes }),
      }),
    );
    releases.push(() => closeDatabase(db));
    const vigil = new Vigil({ directory, nowMs, post });
    const onDisk = new Int32Array(settings.onDisk);
    const send = (message: FromWorker): void => vigil.send(message);
    const writer = new Writer(db, { ...settings, directory, clock: systemClock, send, onDisk });
    const rescued = recentRescue(directory, nowMs());
    const notice = rescued === undefined ? undefined : rescueText(rescued);
    const copy = new NamesCopyKeeper(db, directory, nowMs);
    void copy.keep();
    const copying = setInterval(() => void copy.keep(), COPY_MS);
    post({ kind: 'opened', report: writer.report, migrated, notice });
    writer.start();
    if (unchecked) vigil.checkBeside();
    port.on('message', (message: ToWorker) => {
      if (message.call !== 'stop') writer.handle(message);
      else void stop(writer);
    });
    port.on('messageerror', (error) => {
      throw error;
    });

    const stop = async (writer: Writer): Promise<void> => {
      clearInterval(copying);
      await Promise.all([vigil.stop(), writer.stop()]);
      await copy.keep();
      // The last images are done only now: without this the figures after a stop would be those of a moment before.
      vigil.send({ kind: 'answers', answers: [], report: writer.report });
      release();
      post({ kind: 'stopped' });
      port.close();
    };
  };

  try {
    open();
  } catch (error) {
    release();
    const told = openingError(error, settings.directory);
    if (!(told instanceof JidokaError)) throw error;
    post({ kind: 'refused', error: sendable(told) });
    port.close();
  }
}

/** Opening needs a little room too: where there is none, the ballast gives it. */
function onFullDisk<T>(directory: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const told = openingError(error, directory);
    if (!(told instanceof JidokaError) || diagnosed(told, directory).code !== 'STORE_DISK_FULL') throw error;
    if (!new Ballast(directory).release()) throw error;
    return open();
  }
}

function throttled(everyMs: number, tell: (text: string) => void): (text: string) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (text) => {
    const atMs = systemClock.monotonicMs();
    if (atMs - lastMs < everyMs) return;
    lastMs = atMs;
    tell(text);
  };
}

if (parentPort !== null) serve(parentPort, workerData as WorkerData);
