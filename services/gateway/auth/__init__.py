"""Who is there: sessions of browsers, bearer tokens, API keys, and the developer on his own machine."""
