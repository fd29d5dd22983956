"""Payment providers: a link to pay with, what they report about it, and how their word is checked."""
