"""Stand-ins for coding agents: executables with the flags, exit codes, session files and output of the real ones.

`install(folder, kind)` writes one. What it says by its real counterpart's documentation is in claude.py, codex.py and
gemini.py; what it does (play a brief, break, hang, spy) is in acts.py.
"""

from __future__ import annotations

from podium.testing.fake_clis.install import install

__all__ = ["install"]
