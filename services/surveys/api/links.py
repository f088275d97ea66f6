"""Signed links: who may answer which invitation until when. The key is never logged or answered."""
import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.support.secrets import stored_secret
from chassis.support.settings import Settings

PURPOSE = b"triptych survey link 1"
KEY_FILE = "survey-links.key"
MAX_TOKEN = 1024  # characters


@dataclass(frozen=True, slots=True)
class LinkClaim:
    respondent_id: str
    invitation_id: str
    expires_at: datetime


class SurveyLinks:
    """`token = key id . payload . signature`, each base64url. Ids hold no `|`, so the payload reads one way only."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, PURPOSE, "sha256")  # derived, so that it serves no other purpose of the secret
        self._key_id = hashlib.sha256(b"id " + self._key).hexdigest()[:8]

    def path(self, respondent_id: str, invitation_id: str, expires_at: datetime) -> str:
        return "/s/" + self.token(respondent_id, invitation_id, expires_at)

    def token(self, respondent_id: str, invitation_id: str, expires_at: datetime) -> str:
        payload = _text(f"{respondent_id}|{invitation_id}|{int(expires_at.timestamp())}".encode())
        signed = f"{self._key_id}.{payload}"
        return f"{signed}.{_text(self._signature(signed))}"

    def read(self, token: str) -> LinkClaim | None:
        """None unless signed with this key. Expiry is checked by the respondent's decider and shown by the page."""
        signed, _, signature = token.rpartition(".")
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        if not hmac.compare_digest(_text(self._signature(signed)), signature):
            return None
        respondent_id, invitation_id, seconds = _bytes(signed.partition(".")[2]).decode().split("|")
        return LinkClaim(respondent_id, invitation_id, datetime.fromtimestamp(int(seconds), UTC))

    def _signature(self, signed: str) -> bytes:
        return hmac.digest(self._key, signed.encode(), "sha256")


def links_of(settings: Settings) -> SurveyLinks:
    return SurveyLinks(settings.secret.encode() if settings.secret else stored_secret(settings.data_dir / KEY_FILE))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
