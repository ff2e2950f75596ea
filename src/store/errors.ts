import { defineErrors } from '../base/errors.js';

/** What can go wrong with the memory of the agent. */
export const storeErrors = defineErrors({
  STORE_DIRECTORY_UNUSABLE: {
    consequence: 'config',
    summary: 'The storage folder cannot be created or written.',
    remedy: 'Set storage.directory to a folder on a local disk that the user of the agent may write.',
  },
  STORE_FOLDER_IN_USE: {
    consequence: 'config',
    summary: 'Another jidoka is running on this storage folder.',
    remedy: 'Stop the other one, or give this one a storage.directory of its own.',
  },
  STORE_SCHEMA_NEWER: {
    consequence: 'config',
    summary: 'The database was written by a newer version of jidoka.',
    remedy: 'Install that version again, or set storage.directory to another folder.',
  },
  STORE_DATABASE_FOREIGN: {
    consequence: 'config',
    summary: 'The database file belongs to another program.',
    remedy: 'Move the file away, or set storage.directory to another folder.',
  },
  STORE_DATABASE_CORRUPT: {
    consequence: 'config',
    summary: 'The database is damaged.',
    remedy:
      'Check the disk, then restore the file from a backup, or move it away: a new one is begun at the next start.',
  },
  STORE_DISK_FULL: {
    consequence: 'transient',
    summary: 'The disk is full, so that nothing can be recorded.',
    remedy: 'Free space on the disk of the storage folder; what waits is then written by itself.',
  },
  STORE_DISK_STALLED: {
    consequence: 'transient',
    summary: 'The disk does not answer, so that nothing can be recorded.',
    remedy: 'Check the disk and its connection (dmesg); what waits is written by itself once the disk answers.',
  },
  STORE_DISK_SLOW: {
    consequence: 'transient',
    summary: 'The disk takes long to confirm what is written. Verdicts do not wait for it.',
    remedy: 'Look for a program that writes much to the same disk, or replace the disk: worn flash becomes slow.',
  },
  STORE_SPACE_LOW: {
    consequence: 'transient',
    summary: 'The disk is almost full: inspections are still recorded, images are no longer kept.',
    remedy: 'Free space on the disk of the storage folder; images are then kept again by themselves.',
  },
  STORE_MEMORY_FULL: {
    consequence: 'degraded',
    summary: 'The disk has been in trouble for so long that no more inspections fit into memory: this one is given up.',
    remedy: 'Put right what the health of the store names. The verdict has reached the PLC all the same.',
  },
  STORE_READ_ONLY: {
    consequence: 'transient',
    summary: 'The database can no longer be written.',
    remedy: 'Make the storage folder writable (a disk with errors may have been remounted read-only: see dmesg).',
  },
  STORE_DATABASE_BUSY: {
    consequence: 'transient',
    summary: 'Another program holds a lock on the database.',
    remedy: 'End the program that has the file open for writing; what waits is then written by itself.',
  },
  STORE_IO_FAILED: {
    consequence: 'transient',
    summary: 'The disk reports an error on reading or writing the database.',
    remedy: 'Check the disk, its free space and its quota (dmesg, df); writing is tried again by itself.',
  },
  STORE_RECORD_REFUSED: {
    consequence: 'degraded',
    summary: 'One record cannot be stored as it is; all others are.',
    remedy: 'Report it with this message: a value in it is not one that the database can hold.',
  },
  STORE_DESTINATION_IN_USE: {
    consequence: 'config',
    summary: 'A destination that is configured cannot be dropped.',
    remedy: 'Remove it from destinations in the configuration first; then what still waits for it can be given up.',
  },
  STORE_DESTINATION_UNKNOWN: {
    consequence: 'config',
    summary: 'Nothing waits for a destination of this name.',
    remedy: 'Give the name as it stood in the configuration; the status of the store lists those that are left.',
  },
  STORE_CLOSED: {
    consequence: 'transient',
    summary: 'The store is not open.',
    remedy: 'Nothing is to be done while the agent starts or stops.',
  },
  STORE_STOPPED_UNWRITTEN: {
    consequence: 'fatal',
    summary: 'The agent was stopped while the database could not be written: what was waiting in memory is lost.',
    remedy: 'Put right what the cause names before the agent is started again.',
  },
  STORE_WORKER_FAILED: {
    consequence: 'fatal',
    summary: "The store's thread has ended unexpectedly.",
    remedy: 'The agent must be started again; report the cause if it comes back.',
  },
});

export type StoreErrorCode = keyof typeof storeErrors.definitions;
