"""Tests of the table of operations, by family."""
