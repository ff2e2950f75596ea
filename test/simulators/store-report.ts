import type { Report } from '#jidoka/store/protocol.js';

/** The figures of a store with nothing to say. */
export const QUIET_REPORT: Report = {
  trouble: undefined,
  lastCommitMs: 3,
  lowSpace: undefined,
  outboxRows: 0,
  outboxBytes: 0,
  accounts: [{ destination: 'mqtt', configured: true, rows: 0, bytes: 0 }],
  imageBytes: 0,
  imagesEvicted: 0,
  imagesLost: 0,
  imageTrouble: undefined,
  imagesWaiting: 0,
  commits: 0,
  records: 0,
  duplicates: 0,
  messagesShed: 0,
  messagesExpired: 0,
  inspectionsDeleted: 0,
  imagesExpired: 0,
  databaseBytes: 0,
  databaseFreeBytes: 0,
};
