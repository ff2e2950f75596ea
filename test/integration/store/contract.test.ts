import { auditLogContract } from '../../contract/audit-log.js';
import { ledgerContract, type StorePlace } from '../../contract/ledger.js';
import { outboxContract } from '../../contract/outbox.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

async function place(): Promise<StorePlace> {
  const directory = await temporaryFolder();
  return { open: (settings) => ledgerIn(directory, settings), remove: () => removeFolder(directory) };
}

ledgerContract('SqliteLedger', place);
outboxContract('SqliteLedger', place);
auditLogContract('SqliteLedger', async () => {
  const { open, remove } = await place();
  let store = open();
  await store.start();
  return {
    audit: store,
    reopened: async () => {
      await store.stop();
      store = open();
      await store.start();
      return store;
    },
    dispose: async () => {
      await store.stop();
      await remove();
    },
  };
});
