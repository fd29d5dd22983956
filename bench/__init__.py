"""How much Al Día carries: an open-loop generator, a bare server to compare with, and the scenarios."""
