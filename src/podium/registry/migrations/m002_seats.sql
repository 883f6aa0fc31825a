-- What seats remember: each role's conversation, and every answer an outside mind gave, so that none is asked for twice.
CREATE TABLE conversations (
  role TEXT PRIMARY KEY, seat TEXT NOT NULL, generation INTEGER NOT NULL, since_round INTEGER NOT NULL, last_brief TEXT NOT NULL,
  handover TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL
) STRICT;
CREATE TABLE answers (
  key TEXT PRIMARY KEY, role TEXT NOT NULL, brief TEXT NOT NULL, answer TEXT NOT NULL, at REAL NOT NULL
) STRICT;
CREATE INDEX answers_by_brief ON answers (role, brief);
