"""Tests of the package `autograd`."""
