"""Voice notes as WhatsApp wants them: Opus in Ogg, whatever the browser recorded them in."""
