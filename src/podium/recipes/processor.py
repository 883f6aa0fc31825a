"""What this machine's processor can do that nets gain by; both their estimates and their code ask here."""

from __future__ import annotations

import functools
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
SHORT = {"avx512_bf16", "amx_bf16"}


@functools.cache
def multiplies_short() -> bool:
    """Whether it has instructions for bfloat16 products; False where Linux does not tell."""
    try:
        lines = CPUINFO.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not SHORT.isdisjoint(flags.split())
