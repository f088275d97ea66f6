"""The public address: loopback without sign-in, other interfaces only with an OpenID Connect provider."""
import ipaddress
from urllib.parse import urlsplit

from chassis.support.errors import ActionableError
from chassis.support.settings import Settings


class UnsafeAddress(ActionableError, ValueError):
    """The gateway would listen, or send credentials, where other machines can reach them."""


def listen_address(settings: Settings) -> tuple[str, int]:
    """(host, port) of `TRIPTYCH_HTTP`. Beyond loopback: issuer and audience are required, and browsers need https.

    Raises UnsafeAddress.
    """
    host, port = host_and_port(settings.http)
    _check_provider(settings)
    if not is_loopback(host):
        if not (settings.oidc_issuer and settings.oidc_audience):
            raise UnsafeAddress(
                f"TRIPTYCH_HTTP={settings.http}: without sign-in only a loopback address is allowed "
                "(127.0.0.1, ::1).", "Set TRIPTYCH_OIDC_ISSUER and TRIPTYCH_OIDC_AUDIENCE to listen elsewhere.")
        if settings.oidc_client_id and not public_url(settings).startswith("https://"):
            raise UnsafeAddress(
                "TRIPTYCH_PUBLIC_URL: must be https://… for sign-in in the browser beyond loopback:",
                "the address of the TLS proxy in front of the gateway.")
    return host, port


def host_and_port(http: str) -> tuple[str, int]:
    """Raises UnsafeAddress when the text is not host:port."""
    host, _, port = http.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise UnsafeAddress(f"TRIPTYCH_HTTP={http}: must be host:port, such as 127.0.0.1:8080.")
    return host.strip("[]") or "127.0.0.1", int(port)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_provider(settings: Settings) -> None:
    if settings.oidc_client_id and not settings.oidc_issuer:
        raise UnsafeAddress("TRIPTYCH_OIDC_CLIENT_ID requires TRIPTYCH_OIDC_ISSUER, which is not set.")
    if bool(settings.oidc_issuer) != bool(settings.oidc_audience):
        raise UnsafeAddress("TRIPTYCH_OIDC_ISSUER and TRIPTYCH_OIDC_AUDIENCE require each other: set both.")
    if settings.oidc_issuer and not safe_url(settings.oidc_issuer):
        raise UnsafeAddress(f"TRIPTYCH_OIDC_ISSUER={settings.oidc_issuer}: must be an https:// URL.")


def safe_url(url: str) -> bool:
    """https, or plain http that does not leave this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")))


def public_url(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.http}").rstrip("/")


def developer_mode(settings: Settings) -> bool:
    """Without a provider, which requires loopback, every request is the developer's."""
    return settings.oidc_issuer is None
