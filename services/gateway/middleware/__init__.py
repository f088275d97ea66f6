"""In front of every route of the door: what is asked, by whom, how often, and whether that is allowed."""
from services.gateway.middleware.request_gate import Gate

__all__ = ["Gate"]
