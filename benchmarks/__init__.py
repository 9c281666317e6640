"""Measurements of speed against other libraries, run by hand and never timed in tests."""
