-- Data from elsewhere: named by the user, or proposed by the researcher and fetched with the user's leave.
CREATE TABLE external (
  id TEXT PRIMARY KEY, source TEXT NOT NULL UNIQUE, what TEXT NOT NULL, why TEXT NOT NULL, licence TEXT NOT NULL,
  state TEXT NOT NULL, sha256 TEXT NOT NULL DEFAULT '', file TEXT NOT NULL DEFAULT '', round INTEGER,
  used_as TEXT NOT NULL DEFAULT '', rows INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
  message TEXT NOT NULL DEFAULT ''
) STRICT;
