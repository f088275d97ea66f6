"""Secrets of an installation: from a setting, else created once in the data directory, readable by the owner only."""
import os
import secrets
from pathlib import Path


def load_secrets(setting: str | None, path: Path) -> list[bytes]:
    """The valid secrets, the one that signs first; a setting may hold several, separated by commas."""
    named = [part.strip().encode() for part in (setting or "").split(",") if part.strip()]
    return named or [stored_secret(path)]


def stored_secret(path: Path) -> bytes:
    """The secret in this file, created if it does not exist; of several creators the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(fresh, path)  # atomic, and never replaces another one
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
