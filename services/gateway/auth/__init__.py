"""Authentication: browser sessions, bearer tokens, API keys, and the developer sign-in on loopback."""
