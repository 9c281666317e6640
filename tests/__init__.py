"""Tests of Chainrule; the folders mirror the packages they test."""
