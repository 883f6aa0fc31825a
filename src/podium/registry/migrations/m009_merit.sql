-- What ranks experiments and blends, and what a submission is held against, where the metric moves in steps: how good they
-- are by its surrogate, more is better. NULL elsewhere, and in campaigns begun before: there the score itself ranks.
ALTER TABLE experiments ADD COLUMN merit REAL;
ALTER TABLE blends ADD COLUMN merit REAL;
ALTER TABLE submissions ADD COLUMN merit REAL;
