-- Version 1 as it was released, word by word: what a gateway in the field has. Never changed.
CREATE TABLE stations (
  station  INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE,
  last_seq INTEGER NOT NULL DEFAULT 0,
  pass     INTEGER NOT NULL DEFAULT 0,
  fail     INTEGER NOT NULL DEFAULT 0,
  review   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE models (
  model   INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256  TEXT NOT NULL,
  UNIQUE (sha256, name, version)
) STRICT;

CREATE TABLE inspections (
  number        INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE,
  station       INTEGER NOT NULL REFERENCES stations,
  seq           INTEGER NOT NULL,
  part_id       TEXT,
  source        TEXT,
  captured_at   INTEGER NOT NULL,
  decided_at    INTEGER NOT NULL,
  verdict       TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'review')),
  reasons       TEXT,
  label         TEXT,
  score         REAL,
  scores        TEXT,
  model         INTEGER NOT NULL REFERENCES models,
  wait_ms       REAL NOT NULL,
  queue_ms      REAL,
  preprocess_ms REAL,
  inference_ms  REAL,
  total_ms      REAL NOT NULL
) STRICT;
CREATE INDEX inspections_by_station ON inspections (station, captured_at);
CREATE INDEX inspections_by_verdict ON inspections (verdict, captured_at);

CREATE TABLE sensors (
  sensor  INTEGER PRIMARY KEY,
  station INTEGER NOT NULL REFERENCES stations,
  name    TEXT NOT NULL,
  unit    TEXT NOT NULL DEFAULT '',
  UNIQUE (station, name, unit)
) STRICT;

-- value: REAL for a number, INTEGER 0 or 1 for a boolean, TEXT for a string.
CREATE TABLE readings (
  inspection  INTEGER NOT NULL REFERENCES inspections ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  sensor      INTEGER NOT NULL REFERENCES sensors,
  value       ANY,
  quality     TEXT NOT NULL CHECK (quality IN ('good', 'uncertain', 'bad')),
  status      TEXT NOT NULL,
  source_time INTEGER,
  age_ms      INTEGER,
  stale       INTEGER NOT NULL CHECK (stale IN (0, 1)),
  PRIMARY KEY (inspection, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  position   INTEGER PRIMARY KEY AUTOINCREMENT,
  inspection INTEGER NOT NULL REFERENCES inspections,
  payload    BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_inspection ON outbox (inspection);

-- reason is set for a file on the quarantine list.
CREATE TABLE origins (
  station  INTEGER NOT NULL REFERENCES stations,
  key      TEXT NOT NULL,
  name     TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  reason   TEXT,
  PRIMARY KEY (station, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX origins_quarantined ON origins (station, taken_at) WHERE reason IS NOT NULL;

CREATE TABLE images (
  inspection INTEGER PRIMARY KEY REFERENCES inspections,
  path       TEXT NOT NULL,
  bytes      INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tallies (
  only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
  outbox_rows INTEGER NOT NULL DEFAULT 0,
  image_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO tallies (only_row) VALUES (1);

CREATE TRIGGER outbox_row_added AFTER INSERT ON outbox BEGIN
  UPDATE tallies SET outbox_rows = outbox_rows + 1;
END;
CREATE TRIGGER outbox_row_settled AFTER DELETE ON outbox BEGIN
  UPDATE tallies SET outbox_rows = outbox_rows - 1;
END;
CREATE TRIGGER image_added AFTER INSERT ON images BEGIN
  UPDATE tallies SET image_bytes = image_bytes + NEW.bytes;
END;
CREATE TRIGGER image_removed AFTER DELETE ON images BEGIN
  UPDATE tallies SET image_bytes = image_bytes - OLD.bytes;
END;
