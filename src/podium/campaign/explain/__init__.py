"""Where the models fail and why: computed from saved predictions, told in findings, briefs and the report."""
