"""Tests of `autograd.testing`."""
