"""The demo that `aldia demo` starts: its stage, the day before it begins, and everything its people owe, say and do.

Everything here is invented, and says so.
"""
