"""The pages of PDF files, drawn where they can do no harm."""
