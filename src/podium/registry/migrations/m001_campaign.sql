-- What a campaign is: settings fixed at creation, a journal of steps, and the facts the steps produced.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- A step's outcome is recorded once and never edited.
CREATE TABLE steps (
  key TEXT PRIMARY KEY, round INTEGER NOT NULL, phase TEXT NOT NULL, result TEXT NOT NULL, at REAL NOT NULL
) STRICT;

CREATE TABLE experiments (
  id TEXT PRIMARY KEY, round INTEGER NOT NULL, spec TEXT NOT NULL, seed INTEGER NOT NULL, fingerprint TEXT NOT NULL,
  solution_sha TEXT NOT NULL, builtin INTEGER NOT NULL, static_cost_s REAL NOT NULL, allowance_s REAL,
  status TEXT NOT NULL DEFAULT 'queued', verdict TEXT, score REAL, stderr REAL, fold_scores TEXT NOT NULL DEFAULT '[]',
  paired TEXT, alarms TEXT NOT NULL DEFAULT '[]', message TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX experiments_by_round ON experiments (round);

-- Only finished runs are results; everything else is an attempt.
CREATE TABLE runs (
  key TEXT PRIMARY KEY, experiment TEXT NOT NULL, kind TEXT NOT NULL, part TEXT NOT NULL, folder TEXT NOT NULL,
  exit TEXT NOT NULL, at REAL NOT NULL
) STRICT;
CREATE INDEX runs_by_experiment ON runs (experiment);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, experiment TEXT NOT NULL, folder TEXT NOT NULL UNIQUE, exit TEXT,
  alive_s REAL NOT NULL, at REAL NOT NULL
) STRICT;
CREATE INDEX attempts_by_key ON attempts (key);

CREATE TABLE gates (experiment TEXT PRIMARY KEY, fold INTEGER NOT NULL, gate TEXT NOT NULL) STRICT;
CREATE TABLE audit (position INTEGER PRIMARY KEY, finding TEXT NOT NULL) STRICT;
CREATE TABLE blends (
  round INTEGER PRIMARY KEY, weights TEXT NOT NULL, space TEXT NOT NULL, score REAL NOT NULL, stderr REAL NOT NULL,
  vault_score REAL, detail TEXT NOT NULL
) STRICT;
CREATE TABLE vault_reads (id INTEGER PRIMARY KEY, round INTEGER NOT NULL, what TEXT NOT NULL, score REAL NOT NULL) STRICT;

-- A submission is an intent first. state: intent, sent, confirmed, ambiguous, failed.
CREATE TABLE submissions (
  tag TEXT PRIMARY KEY, round INTEGER NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL,
  expected REAL, stderr REAL, remote_id TEXT, public_score REAL, private_score REAL, at REAL NOT NULL
) STRICT;

CREATE TABLE ledger (
  id INTEGER PRIMARY KEY, round INTEGER NOT NULL, what TEXT NOT NULL, kind TEXT NOT NULL, amount REAL
) STRICT;
CREATE TABLE learnings (id TEXT PRIMARY KEY, learning TEXT NOT NULL, round INTEGER NOT NULL) STRICT;

-- Everyone but the engine writes here, and nowhere else.
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, at REAL NOT NULL, consumed_at REAL
) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, alive_s REAL NOT NULL, round INTEGER NOT NULL, kind TEXT NOT NULL,
  payload TEXT NOT NULL
) STRICT;
