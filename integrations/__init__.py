"""The outside world, one package per service; nothing here knows the console."""
