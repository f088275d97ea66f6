"""Questions that the documents of deals answer."""
