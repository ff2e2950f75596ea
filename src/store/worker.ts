import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import { JidokaError } from '../base/errors.js';
import { Ballast } from './ballast.js';
import { closeDatabase, openDatabase } from './database.js';
import { diagnosed } from './disk-space.js';
import { prepareFolder } from './folder.js';
import { lockFolder } from './folder-lock.js';
import { type FromWorker, sendable, type ToWorker, type WorkerData } from './protocol.js';
import { openingError } from './sqlite-errors.js';
import { Writer } from './writer.js';

/** Entry of the store's thread: opens, serves, closes. */
function serve(port: NonNullable<typeof parentPort>, settings: WorkerData): void {
  const send = (message: FromWorker): void => port.postMessage(message);
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const undo of releases.splice(0).reverse()) undo();
  };

  const open = (): void => {
    const directory = prepareFolder(settings.directory);
    releases.push(onFullDisk(directory, () => lockFolder(directory, settings.pid)));
    const { db, migrated } = onFullDisk(directory, () => openDatabase(directory));
    releases.push(() => closeDatabase(db));
    const onDisk = new Int32Array(settings.onDisk);
    const writer = new Writer(db, { ...settings, directory, clock: systemClock, send, onDisk });
    send({ kind: 'opened', report: writer.report, migrated });
    writer.start();
    port.on('message', (message: ToWorker) => {
      if (message.call !== 'stop') writer.handle(message);
      else void stop(writer);
    });
    port.on('messageerror', (error) => {
      throw error;
    });
  };

  const stop = async (writer: Writer): Promise<void> => {
    await writer.stop();
    // The last images are done only now: without this the figures after a stop would be those of a moment before.
    send({ kind: 'answers', answers: [], report: writer.report });
    release();
    send({ kind: 'stopped' });
    port.close();
  };

  try {
    open();
  } catch (error) {
    release();
    const told = openingError(error, settings.directory);
    if (!(told instanceof JidokaError)) throw error;
    send({ kind: 'refused', error: sendable(told) });
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

if (parentPort !== null) serve(parentPort, workerData as WorkerData);
