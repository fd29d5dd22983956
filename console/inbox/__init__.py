"""Conversations: from the message a debtor sends to the answer an agent gives."""
