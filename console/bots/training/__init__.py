"""How the bot's understanding is made: from phrases written by us to the model file. Not part of what runs."""
