"""Middleware of every route: validation, authentication, rate limits, authorisation, audit log."""
from services.gateway.middleware.request_middleware import RequestMiddleware

__all__ = ["RequestMiddleware"]
