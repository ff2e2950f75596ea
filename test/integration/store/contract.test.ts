import { auditContract } from '../../contract/audit.js';
import { ledgerContract, type StorePlace } from '../../contract/ledger.js';
import { outboxContract } from '../../contract/outbox.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

async function place(): Promise<StorePlace> {
  const directory = await temporaryFolder();
  return { open: (settings) => ledgerIn(directory, settings), remove: () => removeFolder(directory) };
}

ledgerContract('SqliteLedger', place);
outboxContract('SqliteLedger', place);
auditContract('SqliteLedger', place);
