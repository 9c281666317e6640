"""Tests of the readers of a graph."""
