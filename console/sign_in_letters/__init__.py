"""Mail about a sign-in from where nobody had signed in before, and the link in it with which its owner disowns it."""
