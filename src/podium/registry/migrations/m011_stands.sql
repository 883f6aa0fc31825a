-- A submission that stands again although others were sent after it: the newest of these, as it was then.
ALTER TABLE submissions ADD COLUMN stands_after INTEGER;
