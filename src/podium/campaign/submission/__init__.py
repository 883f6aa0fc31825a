"""What is sent, when, at most once, and what came back."""
