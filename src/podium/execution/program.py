"""What a program needs of the file system in order to start: its links, its files, its interpreter. Nothing is run."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

MODULES = "node_modules"  # a package of npm may load its neighbours, so the outermost such folder counts as one file
LINKS = 40  # more than this in a row is a loop


@dataclass(frozen=True)
class Program:
    """`links`: (target as written, path) to make again; `paths`: files and folders to show; `folders`: for PATH."""

    path: Path
    links: tuple[tuple[str, str], ...]
    paths: tuple[Path, ...]
    folders: tuple[str, ...]


def find(name: str) -> Path | None:
    """The program called `name`, by PATH or by its path, made absolute; None where there is none that can be run."""
    found = shutil.which(name)
    return None if found is None else Path(found).absolute()


def parts(program: Path) -> Program:
    """Everything that `program` names: itself through its links, npm package, virtual environment, interpreter."""
    links: list[tuple[str, str]] = []
    paths: list[Path] = []
    folders: list[str] = []
    _add(program.absolute(), links, paths, folders)
    first = program.absolute()
    return Program(
        first.parent.resolve() / first.name,
        tuple(dict.fromkeys(links)),
        tuple(dict.fromkeys(paths)),
        tuple(dict.fromkeys(folders)),
    )


def _add(program: Path, links: list[tuple[str, str]], paths: list[Path], folders: list[str]) -> None:
    here = program.parent.resolve() / program.name
    folders.append(str(here.parent))
    for _ in range(LINKS):
        paths += _environment(here)
        if not here.is_symlink():
            break
        target = here.readlink()
        links.append((str(target), str(here)))
        joined = here.parent / target
        here = joined.parent.resolve() / joined.name
    paths.append(_package(here))
    interpreter = _interpreter(here)
    if interpreter is not None and str(interpreter.parent.resolve()) not in folders:
        _add(interpreter, links, paths, folders)


def _package(file: Path) -> Path:
    """The outermost node_modules that holds the file, or the file."""
    where = file.parts.index(MODULES) if MODULES in file.parts else None
    return file if where is None else Path(*file.parts[: where + 1])


def _environment(file: Path) -> list[Path]:
    """The parts of a Python virtual environment whose program this is, and of the Python it rests on."""
    settings = file.parent.parent / "pyvenv.cfg"
    if not settings.is_file():
        return []
    root = settings.parent
    found = [settings, root / "bin", root / "lib", root / "lib64"]
    for line in settings.read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            base = Path(value.strip()).resolve().parent
            found += [base / "bin", base / "lib"]
    return [path for path in found if path.exists() and not path.is_symlink()]


def _interpreter(file: Path) -> Path | None:
    """The interpreter that a script's first line names; None for a binary."""
    try:
        with file.open("rb") as script:
            first = script.readline(512)
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = shlex.split(first[2:].decode(errors="replace"))
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return find(words[0]) if words else None
