"""What a person sees of a campaign: the snapshot, the terminal, the page. Reads the registry, never writes it."""
