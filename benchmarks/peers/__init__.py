"""The peers: one folder each, with its requirements, its description and its worker."""
