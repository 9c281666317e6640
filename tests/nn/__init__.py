"""Tests of the package `nn`."""
