"""Privacy: what people ask for of their own data, by when it is owed, and its erasure."""
