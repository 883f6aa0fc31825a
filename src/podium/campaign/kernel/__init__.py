"""A campaign as an inference kernel for code competitions."""
