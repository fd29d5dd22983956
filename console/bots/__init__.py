"""What answers by itself: one turn of a bot at a time, through the same verbs as a person."""
