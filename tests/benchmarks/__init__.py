"""Tests of the benchmarks: their logic and their answers, never their times."""
