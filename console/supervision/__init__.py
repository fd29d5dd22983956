"""The supervisor's floor: who works on what now, what needs somebody, and stepping in."""
