"""Jobs of the dispatch benchmark."""
