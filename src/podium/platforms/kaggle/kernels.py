"""Kernels (notebooks and scripts that Kaggle runs): pushed, pulled, asked about, their output fetched.

On disk a kernel is what the official client reads and writes: a source file and `kernel-metadata.json`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from podium.errors import Refused, UserError
from podium.platforms.kaggle.client import Client

METADATA = "kernel-metadata.json"
LONGEST_S = 12 * 3600  # of a session
REF = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")
SUFFIX = {"script": "py", "notebook": "ipynb"}
SOURCES = {"competitions": "competition_sources", "datasets": "dataset_sources", "kernels": "kernel_sources",
           "models": "model_sources"}  # fmt: skip


@dataclass(frozen=True)
class Kernel:
    """`ref`: OWNER/SLUG. `machine`: an accelerator by Kaggle's name (NvidiaTeslaP100, NvidiaTeslaT4 …), None for CPU.
    `timeout_s`: the session's limit, None for Kaggle's own. Internet is off unless asked for: code competitions want it so.
    """

    ref: str
    source: str
    kind: Literal["script", "notebook"] = "script"
    title: str = ""
    machine: str | None = None
    internet: bool = False
    private: bool = True
    timeout_s: int | None = None
    competitions: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Kaggle makes the slug from the title: they have to agree."""
        return self.title or self.ref.split("/")[1].replace("-", " ")

    def check(self) -> None:
        """Raises UserError: what Kaggle would refuse, or silently take for another kernel."""
        if not REF.match(self.ref):
            raise UserError("a kernel's name cannot be used", expected="OWNER/SLUG", found=self.ref)
        if (
            len(self.name) < 5
            or re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") != self.ref.split("/")[1].lower()
        ):
            raise UserError(
                "a kernel's title has to give its slug", expected="five characters or more", found=self.name
            )
        if self.timeout_s is not None and not 0 < self.timeout_s <= LONGEST_S:
            raise UserError("a session's limit", expected=f"1 to {LONGEST_S} seconds", found=str(self.timeout_s))


@dataclass(frozen=True)
class Pushed:
    ref: str
    url: str
    version: int


@dataclass(frozen=True)
class Status:
    """`state`: queued, running, complete, error, cancelled."""

    state: str
    message: str = ""


def push(client: Client, kernel: Kernel) -> Pushed:
    """A new version, which Kaggle runs at once. An answer that is lost costs a version, and no submission.

    Raises Refused where Kaggle does not know a source, UserError, Unreachable."""
    kernel.check()
    answer = client.call(
        "save_kernel", "pushing a kernel", service="kernels", slug=kernel.ref, new_title=kernel.name, text=kernel.source,
        language="python", kernel_type=kernel.kind, is_private=kernel.private, enable_gpu=bool(kernel.machine),
        enable_internet=kernel.internet, machine_shape=kernel.machine, session_timeout_seconds=kernel.timeout_s,
        competition_data_sources=list(kernel.competitions), dataset_data_sources=list(kernel.datasets),
        kernel_data_sources=list(kernel.kernels), model_data_sources=list(kernel.models),
    )  # fmt: skip
    unknown = [*answer.invalid_competition_sources, *answer.invalid_dataset_sources, *answer.invalid_kernel_sources,
               *answer.invalid_model_sources]  # fmt: skip
    if answer.error or unknown:
        raise Refused(answer.error or f"Kaggle knows no source {', '.join(unknown)}")
    return Pushed(kernel.ref, str(answer.url), int(answer.version_number))


def pull(client: Client, ref: str, version: int | None = None) -> Kernel:
    answer = client.call(
        "get_kernel", "pulling a kernel", service="kernels", version_label=_label(version), **_named(ref)
    )
    about, blob = answer.metadata, answer.blob
    kind: Literal["script", "notebook"] = "notebook" if blob.kernel_type == "notebook" else "script"
    return Kernel(
        ref, blob.source or "", kind, about.title or "", about.machine_shape or None, bool(about.enable_internet),
        bool(about.is_private), None, tuple(about.competition_data_sources), tuple(about.dataset_data_sources),
        tuple(about.kernel_data_sources), tuple(about.model_data_sources),
    )  # fmt: skip


def status(client: Client, ref: str, version: int | None = None) -> Status:
    answer = client.call("get_kernel_session_status", "asking about a kernel", service="kernels",
                         version_label=_label(version), **_named(ref))  # fmt: skip
    state = {"NEW_SCRIPT": "queued"}.get(answer.status.name, answer.status.name.lower().split("_")[0])
    return Status("cancelled" if state == "cancel" else state, answer.failure_message or "")


def output(client: Client, ref: str, folder: Path, version: int | None = None) -> list[Path]:
    """Every file that the run wrote, and its log as `<slug>.log`, each there whole or not at all."""
    from podium.platforms.kaggle.fetch import disk_told

    token, log, files = "", "", []
    while True:
        page = client.call("list_kernel_session_output", "listing a kernel's output", service="kernels", page_size=100,
                           page_token=token or None, version_label=_label(version), **_named(ref))  # fmt: skip
        files += list(page.files or [])
        log, token = log or page.log or "", page.next_page_token or ""
        if not token:
            break
    folder.mkdir(parents=True, exist_ok=True)
    with disk_told(folder):
        found = [_fetch(client, str(one.url), _below(folder, str(one.file_name))) for one in files]
        if log:
            found.append(_below(folder, f"{ref.split('/')[1]}.log"))
            found[-1].write_text(log, encoding="utf-8")
    return found


def read(folder: Path) -> Kernel:
    """A kernel's folder. Raises UserError naming what is missing."""
    place = folder / METADATA
    try:
        held: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        source = (folder / str(held["code_file"])).read_text(encoding="utf-8")
        ref = str(held["id"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UserError(
            f"no kernel in {folder}", expected=f"{METADATA} with id and code_file, and that file", found=str(problem)
        ) from None
    sources = {name: tuple(held.get(theirs) or ()) for name, theirs in SOURCES.items()}
    kind: Literal["script", "notebook"] = "notebook" if held.get("kernel_type") == "notebook" else "script"
    return Kernel(
        ref, source, kind, str(held.get("title") or ""), held.get("machine_shape") or None,
        bool(held.get("enable_internet", False)), bool(held.get("is_private", True)), held.get("session_timeout_seconds"),
        **sources,
    )  # fmt: skip


def write(kernel: Kernel, folder: Path) -> Path:
    """The kernel as a folder that `read`, and the official client's push, take."""
    folder.mkdir(parents=True, exist_ok=True)
    code = f"{kernel.ref.split('/')[1]}.{SUFFIX[kernel.kind]}"
    (folder / code).write_text(kernel.source, encoding="utf-8")
    held = {
        "id": kernel.ref, "title": kernel.name, "code_file": code, "language": "python", "kernel_type": kernel.kind,
        "is_private": kernel.private, "enable_gpu": bool(kernel.machine), "enable_internet": kernel.internet,
        "machine_shape": kernel.machine, "session_timeout_seconds": kernel.timeout_s,
        **{theirs: list(getattr(kernel, name)) for name, theirs in SOURCES.items()},
    }  # fmt: skip
    (folder / METADATA).write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    return folder


def _named(ref: str) -> dict[str, Any]:
    if not REF.match(ref):
        raise UserError("a kernel's name cannot be used", expected="OWNER/SLUG", found=ref)
    owner, _, slug = ref.partition("/")
    return {"user_name": owner, "kernel_slug": slug}


def _label(version: int | None) -> str | None:
    return None if version is None else str(version)


def _below(folder: Path, name: str) -> Path:
    """Names come from outside: nothing is written beside the folder."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    if not parts:
        raise Refused(f"a kernel's output has no usable name ({name!r})")
    return folder.joinpath(*parts)


def _fetch(client: Client, url: str, target: Path) -> Path:
    import requests

    from podium.platforms.kaggle import failures, wire

    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        with wire.plain(client.settings) as storage, storage.get(url, stream=True) as answer, part.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
    except requests.exceptions.RequestException as problem:
        raise failures.translated(problem, "fetching a kernel's output", "", "ask") from None
    return part.replace(target)
