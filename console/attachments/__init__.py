"""Files that we send: taken from a browser or a program, judged by their bytes, kept, uploaded, sent once."""
