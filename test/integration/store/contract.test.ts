import { ledgerContract } from '../../contract/ledger.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

ledgerContract('SqliteLedger', async () => {
  const directory = await temporaryFolder();
  return { open: () => ledgerIn(directory), remove: () => removeFolder(directory) };
});
