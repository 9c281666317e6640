"""A slow, obvious engine, and a machine that builds the same graphs in it and in `autograd`."""
