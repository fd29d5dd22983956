"""How soon people are to be answered and their matters settled, in business time; who is late, and who will be."""
