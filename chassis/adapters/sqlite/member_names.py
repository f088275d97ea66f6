"""Member names that let other processes on the same machine detect that a member's process has ended."""
import os
import platform
import sys
import uuid
from functools import cache
from pathlib import Path


def new_member_name() -> str:
    return f"{uuid.uuid4()}/{os.getpid()}/{_process_namespace()}"


def process_has_ended(name: str) -> bool:
    """Whether the member's process has certainly ended; False for a reused or foreign process id."""
    _, _, where = name.partition("/")
    number, _, namespace = where.partition("/")
    if (
        namespace != _process_namespace() or not number.isdigit() or sys.platform == "win32"
    ):  # on Windows, signal 0 would end the process
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


@cache
def _process_namespace() -> str:
    """Identifies the process id namespace: a machine, or a container on it."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink()) if sys.platform == "linux" else ""
    except OSError:
        numbers = str(uuid.uuid4())  # unique, so that only the session timeout applies
    return f"{platform.node()} {numbers}"
