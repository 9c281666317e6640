"""The peer in this folder runs in an environment of its own; see `benchmarks.environments`."""
