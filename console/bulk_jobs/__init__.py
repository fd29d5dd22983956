"""One deed on many conversations, done by the server: rehearsed, done row by row, told, taken back."""
