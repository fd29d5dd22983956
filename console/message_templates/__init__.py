"""Message templates as we write them: drafts, what Meta would refuse of them, and what was submitted."""
