"""Why somebody did something, in their own words: kept where it can be erased, and only its digest in the history."""
