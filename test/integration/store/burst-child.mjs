// Child of the kill test: opens the folder it is given, records inspections without end and tells its parent each
// number that was acknowledged, until it is killed. The parent sends the inspection to repeat.
import { silentLogger } from '#jidoka/base/logger.js';
import { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';

const CONCURRENT = 40;

/** @param {{ directory: string, prefix: string, inspection: import('#jidoka/domain/inspection.js').Inspection }} job */
async function run({ directory, prefix, inspection }) {
  const ledger = new SqliteLedger({
    directory,
    imageQuotaBytes: 1_048_576,
    destinations: [{ name: 'mqtt' }, { name: 'cloud' }],
    outboxQuotaBytes: 1_000_000_000,
    retention: {},
    pid: process.pid,
    logger: silentLogger,
  });
  await ledger.start();
  let next = 0;
  const recordOne = async () => {
    for (;;) {
      next += 1;
      const id = `${prefix}-${next}`;
      const { seq } = await ledger.record({ ...inspection, id }, new Uint8Array(20_000));
      process.send?.({ id, seq });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, recordOne));
}

process.once('message', (job) => {
  void run(/** @type {Parameters<typeof run>[0]} */ (job));
});
