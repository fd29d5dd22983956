"""Tests: a sentence each, through the outside wherever a rule is not pure."""
