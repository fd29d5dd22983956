"""Our number's page, against the simulator's Graph API."""
