"""One file a peer, run by the peer's own interpreter: nothing of Podium may be imported here."""
