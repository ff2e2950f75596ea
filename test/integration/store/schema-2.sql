-- The step from version 1 to 2 as it was released, word by word. Never changed.
CREATE TABLE destinations (
  destination   INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  waiting_rows  INTEGER NOT NULL DEFAULT 0,
  waiting_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- rank: 0 pass, 1 review, 2 fail, the order in which they are given up. bytes: size of the message.
CREATE TABLE pending (
  destination INTEGER NOT NULL REFERENCES destinations,
  rank        INTEGER NOT NULL CHECK (rank IN (0, 1, 2)),
  position    INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  PRIMARY KEY (destination, rank, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE shed (
  destination INTEGER NOT NULL REFERENCES destinations ON DELETE CASCADE,
  station     INTEGER NOT NULL REFERENCES stations,
  verdict     TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'review')),
  reason      TEXT NOT NULL CHECK (reason IN ('full', 'expired')),
  count       INTEGER NOT NULL,
  first_seq   INTEGER NOT NULL,
  last_seq    INTEGER NOT NULL,
  last_at     INTEGER NOT NULL,
  PRIMARY KEY (destination, station, verdict, reason)
) STRICT, WITHOUT ROWID;

-- arguments and result are JSON; bytes: about what the row takes.
CREATE TABLE audit (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  id          TEXT NOT NULL,
  name        TEXT NOT NULL,
  station     TEXT,
  destination TEXT NOT NULL,
  sender      TEXT,
  arguments   TEXT NOT NULL,
  result      TEXT NOT NULL,
  bytes       INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_id ON audit (id);

ALTER TABLE tallies ADD COLUMN outbox_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN audit_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE tallies SET outbox_bytes = (SELECT TOTAL(LENGTH(payload)) FROM outbox);

INSERT INTO destinations (destination, name) VALUES (1, 'mqtt');
INSERT INTO pending (destination, rank, position, bytes)
  SELECT 1, CASE verdict WHEN 'pass' THEN 0 WHEN 'review' THEN 1 ELSE 2 END, position, LENGTH(payload)
  FROM outbox JOIN inspections ON inspections.number = outbox.inspection ORDER BY position;
UPDATE destinations SET (waiting_rows, waiting_bytes) = (SELECT COUNT(*), TOTAL(bytes) FROM pending);

DROP TRIGGER outbox_row_added;
DROP TRIGGER outbox_row_settled;
CREATE TRIGGER message_added AFTER INSERT ON outbox BEGIN
  UPDATE tallies SET outbox_rows = outbox_rows + 1, outbox_bytes = outbox_bytes + LENGTH(NEW.payload);
END;
CREATE TRIGGER message_left AFTER DELETE ON outbox BEGIN
  UPDATE tallies SET outbox_rows = outbox_rows - 1, outbox_bytes = outbox_bytes - LENGTH(OLD.payload);
END;
CREATE TRIGGER pending_added AFTER INSERT ON pending BEGIN
  UPDATE destinations SET waiting_rows = waiting_rows + 1, waiting_bytes = waiting_bytes + NEW.bytes
  WHERE destination = NEW.destination;
END;
CREATE TRIGGER pending_left AFTER DELETE ON pending BEGIN
  UPDATE destinations SET waiting_rows = waiting_rows - 1, waiting_bytes = waiting_bytes - OLD.bytes
  WHERE destination = OLD.destination;
  DELETE FROM outbox WHERE position = OLD.position AND NOT EXISTS (
    SELECT 1 FROM destinations CROSS JOIN pending ON pending.destination = destinations.destination
    WHERE pending.rank = OLD.rank AND pending.position = OLD.position);
END;
CREATE TRIGGER audit_added AFTER INSERT ON audit BEGIN
  UPDATE tallies SET audit_bytes = audit_bytes + NEW.bytes;
END;
CREATE TRIGGER audit_forgotten AFTER DELETE ON audit BEGIN
  UPDATE tallies SET audit_bytes = audit_bytes - OLD.bytes;
END;
