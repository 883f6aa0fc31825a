"""The composition root of `podium`: the commands, and exceptions as exit codes.

0 done; 1 a bug (a traceback); 2 the user's mistake; 3 the answer is no; 4 another engine is at work; 5 finished without
a valid submission; 130 interrupted, resumable.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from podium.cli import (
    arena,
    bench,
    deliver,
    doctor,
    experiment,
    explain,
    export,
    host,
    init,
    kaggle,
    learnings,
    lineage,
    look,
    mcp,
    reproduce,
    run,
    steer,
    submit,
    weights,
)
from podium.errors import PodiumError

USAGE, INTERRUPTED = 2, 130
UsageError: type[Any] = typer.BadParameter.__bases__[
    0
]  # typer carries its own click since 0.26, and asks for click's before

app = typer.Typer(
    name="podium",
    help="An autonomous team for machine-learning competitions.",
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich would cost a third of the start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run.run, init.init, look.status, look.watch, look.report, submit.submit, steer.stop, steer.pause,
                steer.resume, steer.note, steer.approve, experiment.experiment, deliver.deliver, mcp.mcp,
                doctor.doctor, explain.explain, reproduce.reproduce, export.export, learnings.learnings,
                lineage.lineage, weights.weights):  # fmt: skip
    app.command()(command)
app.command("next")(host.next_)
app.add_typer(arena.app)
app.add_typer(bench.app)
app.add_typer(kaggle.app)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        code = app(args=arguments, prog_name="podium", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as leave:
        return int(leave.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted", INTERRUPTED)
    except UsageError as mistake:
        return _say(f"{mistake.format_message()}; see `podium {_command(arguments)}--help`", USAGE)
    except PodiumError as problem:
        if problem.exit_code == 1:
            traceback.print_exc()
            return 1
        return _say(str(problem), problem.exit_code)
    except BrokenPipeError:  # the reader of our output has gone (`podium watch | head`): not a failure of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 (the one place where a bug becomes an exit code)
        traceback.print_exc()
        return 1


def _say(text: str, code: int) -> int:
    print("podium: " + " ".join(text.split()), file=sys.stderr, flush=True)
    return code


def _command(arguments: Sequence[str]) -> str:
    names = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback is not None]
    return f"{arguments[0]} " if arguments[0] in names else ""
