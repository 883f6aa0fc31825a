"""A Kaggle on loopback that the real client talks to: contests, files, uploads, submissions under a daily quota, kernels,
discussions, and faults by a schedule. Nothing of it is needed at run time.

    with FakeKaggle(Contest("titanic", files, score=judge)) as kaggle, pointed_at(kaggle):
        kaggle.faults.then("CreateSubmission", "ok", "reset_after", "429")
        ...
        assert kaggle.most_on_a_day("titanic") <= 5

What it takes from the real service: paths, JSON names, bearer and basic authorization, uploads in two steps, a redirect to
storage with ranges, pages by tokens, the quota by UTC day, error bodies `{"code", "message"}`, the `Date` header. What it
cannot know is how the real service behaves beyond that.
"""

from podium.testing.fake_kaggle.clock import Clock
from podium.testing.fake_kaggle.contest import Contest, Notebook, Scores, Topic
from podium.testing.fake_kaggle.environment import environment, pointed_at
from podium.testing.fake_kaggle.faults import AFTER, KINDS, Fault, Faults
from podium.testing.fake_kaggle.server import FakeKaggle
from podium.testing.fake_kaggle.state import Accepted

__all__ = [
    "AFTER",
    "KINDS",
    "Accepted",
    "Clock",
    "Contest",
    "FakeKaggle",
    "Fault",
    "Faults",
    "Notebook",
    "Scores",
    "Topic",
    "environment",
    "pointed_at",
]
