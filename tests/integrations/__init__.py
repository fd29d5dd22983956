"""The outside world, one package per service."""
