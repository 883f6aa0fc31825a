"""Kaggle, through the generated client (`kagglesdk`) that the `kaggle` package is built on: extra `podium[kaggle]`.

`import kaggle` itself is avoided: it talks to the network while it is imported, prints, exits, retries uploads without a
time-out, and turns a lost upload into a message. The client below it does none of that.
"""

from podium.platforms.kaggle.guide import guide_text
from podium.platforms.kaggle.platform import Kaggle

__all__ = ["Kaggle", "guide_text"]
