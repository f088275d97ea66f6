"""Bearer tokens (JWT) of the provider: fixed algorithms, all claims required, and no ID token among them."""
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import jwt

from chassis.http.routing import Problem
from chassis.support.settings import Settings
from contracts.kinds import ID_PATTERN
from services.gateway.auth.caller import Identity
from services.gateway.auth.identification import unauthorised
from services.gateway.auth.provider import ALGORITHMS, Provider, UnknownKey
from services.gateway.permissions import ROLES

LEEWAY = 30
REMEMBERED = 60.0  # seconds for which a verified token need not be verified again
MOST_REMEMBERED = 10_000
REQUIRED = ("exp", "iat", "iss", "aud", "sub")
ACCESS = frozenset({"at+jwt", "application/at+jwt"})
OF_ID_TOKENS = ("nonce", "at_hash", "c_hash")


class Tokens:
    def __init__(self, settings: Settings, provider: Provider) -> None:
        self._settings, self._provider = settings, provider
        self._known: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()

    async def identity(self, token: str) -> Identity:
        """Raises Problem 401 with a code and no detail that would help to guess."""
        digest, now = hashlib.sha256(token.encode()).digest(), time.time()
        known = self._known.get(digest)
        if known is not None and known[1] > now:
            return known[0]
        claims = await self._claims(token)
        made = identity_of(claims, self._settings)
        self._known[digest] = (made, min(float(claims["exp"]), now + REMEMBERED))
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return made

    async def _claims(self, token: str) -> dict[str, Any]:
        claims, header = await verified(token, self._provider, str(self._settings.oidc_audience))
        if not _is_access(header, claims):
            raise refused("This is no access token: its type must be at+jwt.")
        if claims["exp"] - claims["iat"] > self._settings.oidc_longest.total_seconds():
            raise refused("This token lives longer than is accepted here.")
        return claims


async def verified(token: str, provider: Provider, audience: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """(claims, header) of a token that the provider signed for this audience and that is in force; Problem 401."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise refused("This token is not signed as we accept it.")
        key = await provider.key(header.get("kid"))
        if header["alg"] != key.algorithm_name:
            raise refused("This token is not signed as we accept it.")
        claims = jwt.decode(
            token, key, algorithms=[key.algorithm_name], audience=audience, issuer=provider.issuer, leeway=LEEWAY,
            options={"require": list(REQUIRED)})
    except UnknownKey:
        raise refused("This token was signed with a key that the provider does not show.") from None
    except (jwt.PyJWTError, ValueError, OverflowError, TypeError) as error:  # signed, and yet no numbers
        raise refused(f"This token is not accepted: {type(error).__name__}.") from None
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise refused("This token names nobody.")
    if not all(isinstance(claims[n], int | float) for n in ("exp", "iat")):
        raise refused("This token's times are no numbers.")
    return claims, header


def _is_access(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """RFC 9068's header, or the claim by which Keycloak or Cognito say the same; never what only ID tokens carry."""
    said = str(header.get("typ", "")).lower() in ACCESS or claims.get("typ") == "Bearer" or (
        claims.get("token_use") == "access")
    return said and not any(name in claims for name in OF_ID_TOKENS)


def refused(detail: str) -> Problem:
    return unauthorised(detail, "bad_credentials")


# --- claims ----------------------------------------------------------------------------------------------------------


def identity_of(claims: Mapping[str, Any], settings: Settings) -> Identity:
    name = claims.get("name")
    return Identity("oidc", principal_of(str(claims["sub"])), name if isinstance(name, str) else None,
                    login=_login(claims, settings.oidc_login_claim), roles=_roles(claims, settings.oidc_roles_claim))


def principal_of(subject: str) -> str:
    """A pseudonym that fits wherever ids do; a subject that is an address or a name does not get into logs."""
    made = f"user:{subject}"
    if re.fullmatch(ID_PATTERN, made) and len(made) <= 100:
        return made
    return "user:" + hashlib.sha256(subject.encode()).hexdigest()[:32]


def _login(claims: Mapping[str, Any], name: str) -> str | None:
    """An address counts only once the provider has verified it: else anybody could claim a colleague's."""
    found = claims.get(name)
    if not isinstance(found, str) or not found or (name == "email" and claims.get("email_verified") is not True):
        return None
    return found


def _roles(claims: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """Those that we know; None when the token says nothing of roles."""
    found: Any = claims
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    names = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return tuple(dict.fromkeys(n for n in names if isinstance(n, str) and n in ROLES))
