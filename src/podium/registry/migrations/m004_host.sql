-- What outside agents were asked, as it was published, and what they handed in: one answer a brief, the first one.
CREATE TABLE host_briefs (
  id TEXT PRIMARY KEY, role TEXT NOT NULL, phase TEXT NOT NULL, round INTEGER NOT NULL, brief TEXT NOT NULL,
  session TEXT NOT NULL, at REAL NOT NULL
) STRICT;
CREATE TABLE deliveries (
  brief TEXT PRIMARY KEY, deliverable TEXT, declined TEXT NOT NULL DEFAULT '', handover TEXT NOT NULL DEFAULT '', at REAL NOT NULL
) STRICT;

-- Experiments handed in from outside the rounds; the next build takes them.
CREATE TABLE extras (
  id INTEGER PRIMARY KEY, spec TEXT NOT NULL, solution TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL UNIQUE,
  at REAL NOT NULL, experiment TEXT
) STRICT;
