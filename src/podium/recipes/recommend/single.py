"""Recommenders of one source each."""

from __future__ import annotations

from podium.recipes.recommend.factors import Als, Bpr
from podium.recipes.recommend.model import OfSource
from podium.recipes.recommend.sources import Ease, Neighbours, Popular, Source, Visits, Walk


class Popularity(OfSource):
    def make(self) -> Source:
        return Popular(**self.params)


class ItemKnn(OfSource):
    def make(self) -> Source:
        return Neighbours(**self.params)


class EaseR(OfSource):
    def make(self) -> Source:
        return Ease(**self.params)


class Rp3Beta(OfSource):
    def make(self) -> Source:
        return Walk(**self.params)


class CoVisits(OfSource):
    def make(self) -> Source:
        return Visits(**self.params)


class AlsFactors(OfSource):
    def make(self) -> Source:
        return Als(**self.params)


class BprFactors(OfSource):
    def make(self) -> Source:
        return Bpr(**self.params)
