"""What the arena remembers: one module a noun, functions of a connection; the service composes them in transactions."""
