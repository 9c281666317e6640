"""A user's module that is imported inside a function, and by nobody before."""

SCALE = 2.0
