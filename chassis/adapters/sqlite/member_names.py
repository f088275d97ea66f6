"""Names of members, from which everybody beside them on the machine can tell that their process is gone."""
import os
import platform
import sys
import uuid
from functools import cache
from pathlib import Path


def new_name() -> str:
    return f"{uuid.uuid4()}/{os.getpid()}/{_beside()}"


def gone(name: str) -> bool:
    """Whether its process has surely ended. A number that is in use again, or that means nothing here, is no proof."""
    _, _, where = name.partition("/")
    number, _, beside = where.partition("/")
    if beside != _beside() or not number.isdigit() or sys.platform == "win32":  # there, asking would end it
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


@cache
def _beside() -> str:
    """What is the same where a process number means the same process: a machine, or a container of it."""
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink()) if sys.platform == "linux" else ""
    except OSError:
        numbers = str(uuid.uuid4())  # nobody's: then the session tells
    return f"{platform.node()} {numbers}"
