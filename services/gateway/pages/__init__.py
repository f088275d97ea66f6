"""Routes that compose responses for pages of the console."""
