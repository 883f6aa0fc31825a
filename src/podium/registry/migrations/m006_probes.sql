-- What each probe of an experiment came to: recorded once, with the step that it belongs to.
CREATE TABLE probes (
  experiment TEXT NOT NULL, probe TEXT NOT NULL, outcome TEXT NOT NULL, probed TEXT NOT NULL, PRIMARY KEY (experiment, probe)
) STRICT;
