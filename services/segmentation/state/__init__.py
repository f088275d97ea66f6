"""State of purchases, customers and cut-offs: structs, unpublished events and event handlers of each aggregate."""
