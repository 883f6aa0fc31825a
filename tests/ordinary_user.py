"""Run a command as an ordinary user, from root: `python ordinary_user.py UID FOLDER... -- COMMAND...`

FOLDERs that root alone can reach (a Python below /root) are made reachable by binds in a mount namespace of this
process's own: nothing changes for anybody else. Linux, standard library alone. Exits 77 where that is not possible.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from pathlib import Path

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x00020000, 4096, 16384, 1 << 18, 2
CANNOT = 77


def main() -> None:
    split = sys.argv.index("--")
    uid, folders, command = int(sys.argv[1]), [Path(name) for name in sys.argv[2:split]], sys.argv[split + 1 :]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        fail("no mount namespace")
    mount(libc, "none", Path("/"), MS_REC | MS_PRIVATE)
    stage = Path(tempfile.mkdtemp(prefix="podium-user-"))
    mount(libc, "tmpfs", stage, 0, kind="tmpfs")
    hidden = {folder: shut for folder in folders if (shut := outermost_shut(folder)) is not None}
    for number, folder in enumerate(hidden):
        make(stage / str(number), folder)
        mount(libc, str(folder), stage / str(number), MS_BIND)
    for shut in sorted(set(hidden.values())):
        mount(libc, "tmpfs", shut, 0, kind="tmpfs", data="mode=0755")
    for number, folder in enumerate(hidden):
        make(folder, stage / str(number))
        mount(libc, str(stage / str(number)), folder, MS_BIND)
    libc.umount2(str(stage).encode(), MNT_DETACH)  # the binds stay
    stage.rmdir()
    os.chdir("/")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execv(command[0], command)


def outermost_shut(folder: Path) -> Path | None:
    """The outermost of the folder's parents that others cannot pass."""
    return next((parent for parent in reversed(folder.parents) if not parent.stat().st_mode & 0o001), None)


def make(place: Path, like: Path) -> None:
    """An empty file or folder to bind `like` on."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if like.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()


def mount(libc: ctypes.CDLL, source: str, target: Path, flags: int, kind: str = "", data: str = "") -> None:
    if libc.mount(source.encode(), str(target).encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode()):
        fail(f"mount on {target}: {os.strerror(ctypes.get_errno())}")


def fail(why: str) -> None:
    print(why, file=sys.stderr)
    raise SystemExit(CANNOT)


if __name__ == "__main__":
    main()
