"""An emoji of ours on a message: given, changed, taken back, and gone again when WhatsApp refuses it."""
