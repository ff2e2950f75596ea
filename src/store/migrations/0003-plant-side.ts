import type { Migration } from '../migrate.js';

/**
 * What the plant side adds to an inspection. Only adds columns that may be empty, so that nothing is copied.
 *
 * recipe: what the PLC had set for the part. late_ms: by how much the verdict missed its deadline; empty where it was
 * in time. regions: JSON, one entry for each region of the picture that was judged by itself.
 */
export const plantSide: Migration = {
  name: '0003-plant-side',
  apply(db) {
    db.exec(`
      ALTER TABLE inspections ADD COLUMN recipe TEXT;
      ALTER TABLE inspections ADD COLUMN late_ms REAL;
      ALTER TABLE inspections ADD COLUMN regions TEXT;`);
  },
};
