"""What a score will be worth on the private leaderboard: the vault, the interval, overfitting over rounds."""
