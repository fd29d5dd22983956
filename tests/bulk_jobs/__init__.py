"""One deed on many conversations."""
