"""State of the opportunity aggregate: structs, unpublished events, event handlers, index."""
