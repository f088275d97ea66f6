"""Verifies bearer tokens (JWT) of the provider: fixed algorithms, required claims, access tokens only."""
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import jwt

from chassis.http.problems import ProblemError
from chassis.support.clock import now_seconds
from chassis.support.settings import Settings
from contracts.kinds import ID_PATTERN
from services.gateway.auth.caller import Identity
from services.gateway.auth.identification import unauthenticated
from services.gateway.auth.provider import ALGORITHMS, OidcProvider, UnknownSigningKey
from services.gateway.permissions import ROLES

LEEWAY = 30
CACHE_SECONDS = 60.0  # for which a verified token is not verified again
MAX_CACHED = 10_000
REQUIRED_CLAIMS = ("exp", "iat", "iss", "aud", "sub")
ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
ID_TOKEN_CLAIMS = ("nonce", "at_hash", "c_hash")


class BearerTokens:
    def __init__(self, settings: Settings, provider: OidcProvider) -> None:
        self._settings, self._provider = settings, provider
        self._cache: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()

    async def identity(self, token: str) -> Identity:
        """Raises ProblemError 401 without details that would help an attacker."""
        digest, now = hashlib.sha256(token.encode()).digest(), now_seconds()
        cached = self._cache.get(digest)
        if cached is not None and cached[1] > now:
            return cached[0]
        claims = await self._claims(token)
        identity = identity_of(claims, self._settings)
        self._cache[digest] = (identity, min(float(claims["exp"]), now + CACHE_SECONDS))
        if len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
        return identity

    async def _claims(self, token: str) -> dict[str, Any]:
        claims, header = await verified(token, self._provider, str(self._settings.oidc_audience))
        if not _is_access(header, claims):
            raise refused("The token must be an access token, of type at+jwt.")
        if claims["exp"] - claims["iat"] > self._settings.oidc_longest.total_seconds():
            raise refused("The token's lifetime is longer than TRIPTYCH_OIDC_LONGEST allows.")
        return claims


async def verified(token: str, provider: OidcProvider, audience: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """(claims, header) of a valid token of the provider for this audience. Raises ProblemError 401."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise refused("The token's signature algorithm is not accepted.")
        key = await provider.key(header.get("kid"))
        if header["alg"] != key.algorithm_name:
            raise refused("The token's signature algorithm is not accepted.")
        claims = jwt.decode(
            token, key, algorithms=[key.algorithm_name], audience=audience, issuer=provider.issuer,
            options={"require": list(REQUIRED_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False})
        _check_times(claims, now_seconds())
    except UnknownSigningKey:
        raise refused("The token was signed with a key that the provider does not publish.") from None
    except (jwt.PyJWTError, ValueError, OverflowError, TypeError) as error:  # signed, but with malformed claims
        raise refused(f"The token is not valid: {type(error).__name__}.") from None
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise refused("The token's subject is empty.")
    if not all(isinstance(claims[n], int | float) for n in ("exp", "iat")):
        raise refused("The token's times must be numbers.")
    return claims, header


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """RFC 7519, 4.1.4-4.1.6, with a leeway; by our clock, as PyJWT reads the machine's. Raises jwt.PyJWTError."""
    if int(claims["exp"]) <= now - LEEWAY:
        raise jwt.ExpiredSignatureError
    if int(claims["iat"]) > now + LEEWAY or int(claims.get("nbf", 0)) > now + LEEWAY:
        raise jwt.ImmatureSignatureError


def _is_access(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """By the header of RFC 9068, or the claims of Keycloak and Cognito; never with a claim that only ID tokens have."""
    declared = str(header.get("typ", "")).lower() in ACCESS_TOKEN_TYPES or claims.get("typ") == "Bearer" or (
        claims.get("token_use") == "access")
    return declared and not any(name in claims for name in ID_TOKEN_CLAIMS)


def refused(detail: str) -> ProblemError:
    return unauthenticated(detail, "bad_credentials")


# --- claims ----------------------------------------------------------------------------------------------------------


def identity_of(claims: Mapping[str, Any], settings: Settings) -> Identity:
    name = claims.get("name")
    return Identity("oidc", principal_of(str(claims["sub"])), name if isinstance(name, str) else None,
                    login=_login(claims, settings.oidc_login_claim), roles=_roles(claims, settings.oidc_roles_claim))


def principal_of(subject: str) -> str:
    """A pseudonym that is a valid id; hashed unless the subject is one itself, so that logs contain no address."""
    principal = f"user:{subject}"
    if re.fullmatch(ID_PATTERN, principal) and len(principal) <= 100:
        return principal
    return "user:" + hashlib.sha256(subject.encode()).hexdigest()[:32]


def _login(claims: Mapping[str, Any], name: str) -> str | None:
    """An e-mail address only if the provider has verified it: otherwise anyone could claim a colleague's."""
    login = claims.get(name)
    if not isinstance(login, str) or not login or (name == "email" and claims.get("email_verified") is not True):
        return None
    return login


def _roles(claims: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """The known roles of the token; None when it does not contain the claim."""
    value: Any = claims
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    names = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(dict.fromkeys(n for n in names if isinstance(n, str) and n in ROLES))
