"""Ids that follow from what they are about: the same cause gives the same id, so nothing is made twice."""
from uuid import UUID, uuid5

IDS = UUID("6d0c2c1e-56d5-5c7c-9d1e-6c1f5a0f4f4b")


def invitation_id(*about: str | None) -> str:
    """The same deal and survey always give the same invitation: a deal that is won twice is asked about once."""
    return uuid5(IDS, "|".join(part or "" for part in about)).hex


def issue_id(respondent_id: str, key: str) -> str:
    return uuid5(IDS, f"issue|{respondent_id}|{key}").hex
