"""Pages of PDF files as pictures: drawn one by one in a process that can do nothing else, and kept while looked at."""
