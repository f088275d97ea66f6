"""Deterministic ids: the same cause gives the same id, so nothing is created twice."""
from uuid import UUID, uuid5

NAMESPACE = UUID("6d0c2c1e-56d5-5c7c-9d1e-6c1f5a0f4f4b")


def invitation_id(*parts: str | None) -> str:
    """From deal and survey, for example: a deal that is won twice leads to one invitation."""
    return uuid5(NAMESPACE, "|".join(part or "" for part in parts)).hex


def issue_id(respondent_id: str, key: str) -> str:
    return uuid5(NAMESPACE, f"issue|{respondent_id}|{key}").hex
