"""State of the lead aggregate: structs, unpublished events, event handlers."""
