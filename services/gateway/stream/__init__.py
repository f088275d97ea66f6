"""`GET /v1/live`: snapshots and deltas of deals, worklists and measures as server-sent events."""
