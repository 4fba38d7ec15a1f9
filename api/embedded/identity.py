"""As whom PostgreSQL runs: it refuses uid 0, so root hands it to `nobody` or to a user namespace.

Order: an ordinary user runs it as itself; root tries `nobody`; when the program or the folder is out of reach for
`nobody` (a project under a 0700 home), the same command runs in a user namespace where we are uid 1000 and the files
stay root's. When nothing works the error names the setting that avoids the question.
"""

import ctypes
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

CLONE_NEWUSER = 0x10000000
UNPRIVILEGED_ID = 1000  # how root looks inside the namespace
REACHES = 'cd "$1" && exec "$2" --version'


class NoIdentity(Exception):
    """PostgreSQL cannot be run here."""


class Identity(NamedTuple):
    """A way to run a program; the default is as ourselves."""

    user: str | None = None
    namespace: bool = False

    def popen_arguments(self) -> dict[str, Any]:
        """What `subprocess.Popen` needs for it."""
        if self.user is None:
            return {}
        account = pwd.getpwnam(self.user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    @property
    def owner(self) -> tuple[int, int]:
        """(uid, gid) that its files must have, seen from outside."""
        if self.user is None:
            return os.geteuid(), os.getegid()
        account = pwd.getpwnam(self.user)
        return account.pw_uid, account.pw_gid


def enter_user_namespace() -> None:
    """Between fork and exec: become uid 1000 in a namespace where that means ourselves."""
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespaces here")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{UNPRIVILEGED_ID} {uid} 1"),
        ("gid_map", f"{UNPRIVILEGED_ID} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - as few calls as possible after a fork
            file.write(text)


def choose(*, program: Path, folder: Path) -> Identity:
    """The first identity that can run `program` with `folder` as its current directory."""
    if os.geteuid() != 0:
        return Identity()
    for identity in (Identity(user="nobody"), Identity(namespace=True)):
        if _works(identity, program=program, folder=folder):
            return identity
    raise NoIdentity(
        "PostgreSQL does not run as root, and neither `nobody` nor a user namespace can reach"
        f" {program} and {folder}. Run as an ordinary user, or set GW_DATABASE_URL to a server of your own."
    )


def _works(identity: Identity, *, program: Path, folder: Path) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - our own binary
            ["/bin/sh", "-c", REACHES, "sh", str(folder), str(program)],  # cwd= would be entered before changing user
            capture_output=True,
            check=False,
            timeout=10,
            preexec_fn=enter_user_namespace if identity.namespace else None,
            **identity.popen_arguments(),
        )
    except (OSError, KeyError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def give(folder: Path, identity: Identity) -> None:
    """Makes the whole folder belong to `identity` (only root ever needs to)."""
    uid, gid = identity.owner
    if os.geteuid() != 0 or folder.stat().st_uid == uid:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, gid, follow_symlinks=False)
