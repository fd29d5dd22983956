"""A WhatsApp Cloud API to talk to when there is no real one, and the phones of those who write to it."""
