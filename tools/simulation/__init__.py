"""`triptych simulate`: a seeded company that publishes what happens in it; the same seed gives the same events."""
