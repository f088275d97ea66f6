"""Where the door may listen: on loopback for a developer, elsewhere only once it can tell who is there."""
import ipaddress
from urllib.parse import urlsplit

from chassis.support.errors import ActionableError
from chassis.support.settings import Settings


class UnsafeAddress(ActionableError, ValueError):
    """The public door would listen, or send people's secrets, where others can reach them."""


def check_address(http: str, settings: Settings | None = None) -> tuple[str, int]:
    """(host, port). Beyond loopback an issuer and an audience of tokens must be set, and browsers come by https."""
    host, port = host_and_port(http)
    if settings is not None:
        _check_provider(settings)
    if not is_loopback(host):
        if settings is None or not (settings.oidc_issuer and settings.oidc_audience):
            raise UnsafeAddress(
                f"TRIPTYCH_HTTP={http}: without a sign-in the door listens on loopback only (127.0.0.1, ::1). "
                "Set TRIPTYCH_OIDC_ISSUER and TRIPTYCH_OIDC_AUDIENCE to let others in.")
        if settings.oidc_client_id and not public_url(settings).startswith("https://"):
            raise UnsafeAddress(
                "TRIPTYCH_PUBLIC_URL: sign-in in the browser beyond loopback needs https://…, the address at which a "
                "TLS proxy hands requests on to the door.")
    return host, port


def host_and_port(http: str) -> tuple[str, int]:
    host, _, port = http.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise UnsafeAddress(f"TRIPTYCH_HTTP={http}: say host:port, such as 127.0.0.1:8080.")
    return host.strip("[]") or "127.0.0.1", int(port)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_provider(settings: Settings) -> None:
    if settings.oidc_client_id and not settings.oidc_issuer:
        raise UnsafeAddress("TRIPTYCH_OIDC_CLIENT_ID is set, and TRIPTYCH_OIDC_ISSUER is not.")
    if bool(settings.oidc_issuer) != bool(settings.oidc_audience):
        raise UnsafeAddress("TRIPTYCH_OIDC_ISSUER and TRIPTYCH_OIDC_AUDIENCE belong together: set both.")
    if settings.oidc_issuer and not safe_url(settings.oidc_issuer):
        raise UnsafeAddress(f"TRIPTYCH_OIDC_ISSUER={settings.oidc_issuer}: an issuer is reached by https://.")


def safe_url(url: str) -> bool:
    """https, or plain http that does not leave this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")))


def public_url(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.http}").rstrip("/")


def developer_mode(settings: Settings) -> bool:
    """Without a provider, which is on loopback only, whoever reaches the door is its developer."""
    return settings.oidc_issuer is None
