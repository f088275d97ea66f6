"""Access rules of a service's public routes: which permission a request needs, and which roles grant it."""
import re
from dataclasses import dataclass
from functools import cached_property

PUBLIC = "public"
"""The route needs no sign-in: the sign-in itself, survey pages, static files."""
SIGNED_IN = "signed-in"
"""The route needs any sign-in and no further permission."""


@dataclass(frozen=True, slots=True)
class Permission:
    """A right that routes require. `roles` grant it; `admin` grants every permission and is not listed."""

    name: str  # "<subject>:read" or "<subject>:write"
    text: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AccessRule:
    """The permission for some methods of some paths. In `path`, `{}` is one segment, `{*}` any number of them.

    `audited`: each request changes something and is recorded in the audit log, whatever its result.
    `capability_url`: the last segment is itself the credential (a survey link). The audit log leaves it out, and the
    route accepts forms of other sites.
    """

    methods: frozenset[str]
    path: str
    permission: str
    audited: bool
    capability_url: bool = False

    def matches(self, path: str) -> bool:
        return self._pattern.fullmatch(path) is not None

    @property
    def prefix(self) -> str:
        """The literal beginning of the path, before the first placeholder."""
        return self.path.partition("{")[0]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.path).replace(r"\{\*\}", "(?:/.*)?").replace(r"\{\}", "[^/]+"))


def allow(
    methods: str, path: str, permission: str, *, audited: bool | None = None, capability_url: bool = False,
) -> AccessRule:
    """The rule for `methods` ("GET|POST"). Without `audited`: everything but GET is."""
    named = frozenset(methods.split("|"))
    return AccessRule(named, path, permission, named != {"GET"} if audited is None else audited, capability_url)


def grant(name: str, text: str, roles: str = "") -> Permission:
    """The permission, granted by these roles (separated by spaces)."""
    return Permission(name, text, frozenset(roles.split()))
