"""Our WhatsApp number in the settings: how it stands at Meta, what customers see of it, and what we hear of it."""
