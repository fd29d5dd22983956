"""Finding anything that was ever said, and whoever it was said with: what searches stand on, and the search itself."""
