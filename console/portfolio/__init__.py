"""Who owes what: debtors, their accounts, and what moves them (imports, payments, promises, midnight)."""
