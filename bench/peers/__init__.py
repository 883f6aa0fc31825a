"""Podium and the AutoML programs that a user would pick instead, on the same competitions, at the same wall time.

`python bench/peers [FOLDER]`; docs/peers.md says what is recorded and how ranks and intervals are made.
"""
