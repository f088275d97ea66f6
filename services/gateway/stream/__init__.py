"""The live stream: what changes, told to whoever may see it, over server-sent events."""
