"""The arena: contests that Podium hosts itself, with hidden answers, quotas, a public and a private leaderboard.

`contest` makes one, `service` is all that pages and API may do, `app` serves it.
"""
