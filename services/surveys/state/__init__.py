"""State of respondents, feedback and issues: structs, unpublished events and event handlers of each aggregate."""
