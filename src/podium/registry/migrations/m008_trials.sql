-- Which rows from elsewhere an experiment is fitted on, at what weight; and whether they pay: one experiment run again with
-- them, all else equal. Until now all experiments had all that was there in their round.
ALTER TABLE experiments ADD COLUMN external TEXT NOT NULL DEFAULT '{}';
UPDATE experiments SET external = (
  SELECT json_group_object(x.id, 1.0) FROM external x
  WHERE x.state = 'used' AND x.used_as = 'rows' AND x.round <= experiments.round
);
CREATE TABLE external_trials (
  experiment TEXT PRIMARY KEY, source TEXT NOT NULL, weight REAL NOT NULL, against TEXT NOT NULL, round INTEGER NOT NULL,
  outcome TEXT NOT NULL DEFAULT '', gain REAL, stderr REAL, p REAL, message TEXT NOT NULL DEFAULT ''
) STRICT;
