-- What a submission is for, what the platform said of it, and when it was sent by clocks that no wall clock moves.
ALTER TABLE submissions ADD COLUMN purpose TEXT NOT NULL DEFAULT 'best';
ALTER TABLE submissions ADD COLUMN message TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN weights TEXT NOT NULL DEFAULT '{}';
ALTER TABLE submissions ADD COLUMN alive_s REAL NOT NULL DEFAULT 0;
ALTER TABLE submissions ADD COLUMN remote_at TEXT;
ALTER TABLE submissions ADD COLUMN resets_at TEXT;

-- What might be submitted next, in order. state: queued, held, sent, dropped.
CREATE TABLE candidates (
  id TEXT PRIMARY KEY, purpose TEXT NOT NULL, round INTEGER NOT NULL, weights TEXT NOT NULL, expected REAL NOT NULL,
  stderr REAL NOT NULL, gain REAL NOT NULL, information REAL NOT NULL, tells TEXT NOT NULL, state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL
) STRICT;
