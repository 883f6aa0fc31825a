"""Constrained training, refereed: submissions that are code, re-run by the referee, with a verdict and its reasons.

`contest` makes one, `docket` is the queue, `review` takes the oldest through `triage`, `trial` and `judge`; `history` is who
held the record when; `page` shows it. The rules in words: docs/records.md.
"""
