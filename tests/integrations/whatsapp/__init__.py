"""The WhatsApp client and parser, on their own."""
