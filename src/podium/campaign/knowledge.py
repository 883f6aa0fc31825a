"""Notes, scripts and scraped pages the user brought, copied into `knowledge/` as the campaign is made.

The manager, the researcher, the builder and the reviewer are told of them in a brief's `reads`: they are quoted as data, never
followed as instructions. The built-in team does not read them. The user's best script is the builder's to read; where it
defines `fit(train, ctx)` and `predict(model, rows, ctx)` it is an experiment of round 1, in the sandbox like any other.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from podium.competition.brought import MOST_NOTES, NOTE_BYTES, SCRIPT_BYTES, read_text
from podium.errors import IntakeError
from podium.records import Competition, ExperimentSpec

if TYPE_CHECKING:
    from podium.registry import Registry

FOLDER = "knowledge"
SCRIPT = "best_pipeline.py"
FAMILY = "user_script"
SCRAPER_S = 600.0
TEXTS = (".md", ".txt")
_ARGUMENTS = {"fit": 2, "predict": 3}


def bring(campaign: Path, registry: Registry, competition: Competition) -> None:
    """Copy everything, run the scraper where the user gave leave, and record what there is. Doing it again is the same.

    Raises IntakeError where a file cannot be read, or the scraper fails."""
    folder, brought = campaign / FOLDER, competition.brought
    texts: dict[str, str] = {}
    for path in map(Path, competition.knowledge_files):
        texts[_unused(path.name, texts)] = read_text(path, "knowledge file", NOTE_BYTES)
    if brought.scraper_path and brought.run_scraper:
        texts |= _scraped(Path(brought.scraper_path))
    notes = sorted(texts)
    if brought.best_pipeline_script is not None:
        texts[SCRIPT] = read_text(Path(brought.best_pipeline_script), "best_pipeline_script", SCRIPT_BYTES)
    if texts:
        folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    script = texts.get(SCRIPT)
    if script is not None and is_solution(script):
        _hand_in(registry, script)
    registry.set("knowledge", {
        "notes": notes, "words": sum(len(texts[name].split()) for name in notes),
        "script": None if script is None else "solution" if is_solution(script) else "to read",
    })  # fmt: skip


def is_solution(source: str) -> bool:
    """Whether a script keeps the protocol's two functions, with as many arguments."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    counts = {
        node.name: len(node.args.posonlyargs) + len(node.args.args)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    return all(counts.get(name) == count for name, count in _ARGUMENTS.items())


def _hand_in(registry: Registry, source: str) -> None:
    """The script as an experiment that the first build takes, as if it were handed in by `podium experiment run`."""
    if any(extra.solution == source for extra in registry.extras.pending()):
        return  # the campaign's making was interrupted
    spec = ExperimentSpec(
        name="the user's best script",
        hypothesis="what the user has so far is the bar, and may be worth blending",
        operator="draft",
        family=FAMILY,
        sources=("best_pipeline_script",),
    )
    registry.extras.put(spec, source, hashlib.sha256(source.encode()).hexdigest()[:16])


def _unused(name: str, taken: dict[str, str]) -> str:
    """`name`, or with a number before it where two files of other folders share it."""
    number = 2
    plain = name if name != SCRIPT else f"note_{name}"
    found = plain
    while found in taken:
        found, number = f"{number}_{plain}", number + 1
    return found


def _scraped(script: Path) -> dict[str, str]:
    """What the user's scraper leaves in an empty folder: `python SCRIPT` with the user's own rights and network."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = subprocess.run(
                [sys.executable, str(script)], cwd=folder, capture_output=True, text=True, errors="replace",
                timeout=SCRAPER_S, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise IntakeError(
                f"scraper {script.name} did not end", expected=f"at most {SCRAPER_S:.0f} s", remedy="drop run_scraper"
            ) from None
        if ran.returncode != 0:
            last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
            raise IntakeError(
                f"scraper {script.name} failed", found=last[:200], remedy="correct it, or drop run_scraper"
            )
        files = sorted(p for p in Path(folder).rglob("*") if p.is_file() and p.suffix.lower() in TEXTS)[:MOST_NOTES]
        return {f"scraped_{path.name}": read_text(path, "scraped file", NOTE_BYTES) for path in files}
