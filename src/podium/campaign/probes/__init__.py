"""Probes of experiments: which runs are made, at what cost, and what follows. The judgements are `podium.referee.probes`."""
