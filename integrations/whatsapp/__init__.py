"""The WhatsApp Cloud API: its wire, its errors, its signature, and a client usable on its own."""
