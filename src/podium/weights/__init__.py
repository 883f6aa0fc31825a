"""Pretrained weights by name: what they are called, where they lie, how they are had.

A solution's header names what it wants (`weights: NAME`); the engine finds the folder, and the run reads it at
`ctx.weights[NAME]`. Nothing is downloaded but by `podium weights fetch`.
"""

from podium.weights.names import Name, asked, parse
from podium.weights.places import Found, find, here, remedy, roots

__all__ = ["Found", "Name", "asked", "find", "here", "parse", "remedy", "roots"]
