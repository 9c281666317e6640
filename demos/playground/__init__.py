"""A small local page on which a network learns while one watches."""
