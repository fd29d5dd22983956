"""Messages written now to leave later: seen in the thread, cancelled by any answer, looked at again when they leave."""
