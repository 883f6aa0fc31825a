-- What the user brought: predictions nobody saw made, apart from the experiments; and, where the score's formula is
-- unknown, what each candidate proxy says of every submission.
CREATE TABLE imported (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, oof_sha TEXT, holdout_sha TEXT, score REAL, stderr REAL,
  fold_scores TEXT NOT NULL DEFAULT '[]', message TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE imported_blends (
  round INTEGER PRIMARY KEY, weights TEXT NOT NULL, space TEXT NOT NULL, score REAL NOT NULL, stderr REAL NOT NULL,
  vault_score REAL, detail TEXT NOT NULL
) STRICT;
CREATE TABLE proxy_scores (
  tag TEXT NOT NULL, proxy TEXT NOT NULL, score REAL NOT NULL, PRIMARY KEY (tag, proxy)
) STRICT;
