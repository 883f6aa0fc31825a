"""Eighteen attacks on the sandbox, each made by a real run: what `podium doctor` shows and every run is stored with.

`suite.run(level)` makes them; `probes` is the half inside, `targets` the half outside.
"""
