"""The statements that put an import in place. Each moves what one step of its waiting rows says.

`{step}` are those rows, `{instant}` how this database calls an instant, `{no}` how it says no. Whatever comes from
outside is a parameter.
"""

from __future__ import annotations

from console.db import Base
from console.portfolio.batches import ImportAccount, ImportConsent, ImportDebtor, ImportInvoice, ImportPoint

IN_STEP = "batch_id = :batch AND id > :low AND id <= :high"

_DEBTORS = """
    INSERT INTO debtor (id, name, name_key, document_type, document_number, birth_year, country, timezone,
        created_at, updated_at, version)
    SELECT :debtors + place, name, name_key, document_type, document_number, birth_year,
        CAST(:country AS VARCHAR), timezone,
        CAST(:now AS {instant}), CAST(:now AS {instant}), 1
    FROM import_debtor WHERE {step} AND kind = 'new' ORDER BY id"""
_RENAMED = """
    UPDATE debtor SET name = d.name, name_key = d.name_key, document_type = d.document_type,
        document_number = d.document_number, birth_year = d.birth_year, updated_at = :now, version = debtor.version + 1
    FROM (SELECT * FROM import_debtor WHERE {step} AND kind = 'changed') AS d WHERE debtor.id = d.debtor_id"""
_ACCOUNTS = """
    INSERT INTO account (id, creditor_id, external_id, debtor_id, team_id, currency, product, phones, status,
        statement_digest, stated_at, state, balance_minor, overdue_minor, oldest_due_on, next_change_at,
        created_at, updated_at, version)
    SELECT :accounts + place, CAST(:creditor AS BIGINT), external_id, COALESCE(debtor_id, :debtors + debtor_place),
        CAST(:team AS BIGINT), currency, product, phones, status,
        statement_digest, stated_at, state, balance_minor, overdue_minor, oldest_due_on, next_change_at,
        CAST(:now AS {instant}), CAST(:now AS {instant}), 1
    FROM import_account WHERE {step} AND kind = 'new' ORDER BY id"""
_CHANGED = """
    UPDATE account SET debtor_id = COALESCE(a.debtor_id, :debtors + a.debtor_place), currency = a.currency,
        product = a.product, phones = a.phones, status = a.status, statement_digest = a.statement_digest,
        stated_at = a.stated_at, state = a.state, balance_minor = a.balance_minor, overdue_minor = a.overdue_minor,
        oldest_due_on = a.oldest_due_on, next_change_at = a.next_change_at, updated_at = :now,
        version = account.version + 1
    FROM (SELECT * FROM import_account WHERE {step} AND kind = 'changed') AS a WHERE account.id = a.account_id"""
_CLOSED = """
    UPDATE account SET status = 'closed', next_change_at = NULL, updated_at = :now, version = account.version + 1
    FROM (SELECT * FROM import_account WHERE {step} AND kind = 'closed') AS a WHERE account.id = a.account_id"""
_INVOICES = """
    INSERT INTO invoice (account_id, number, due_on, amount_minor, stated_minor, balance_minor, disputed,
        created_at, updated_at, version)
    SELECT COALESCE(account_id, :accounts + account_place), number, due_on, amount_minor, stated_minor, balance_minor,
        {no}, CAST(:now AS {instant}), CAST(:now AS {instant}), 1
    FROM import_invoice WHERE {step} AND kind = 'new' ORDER BY id"""
_RESTATED = """
    UPDATE invoice SET due_on = i.due_on, amount_minor = i.amount_minor, stated_minor = i.stated_minor,
        balance_minor = i.balance_minor, updated_at = :now, version = invoice.version + 1
    FROM (SELECT * FROM import_invoice WHERE {step} AND kind = 'changed') AS i WHERE invoice.id = i.invoice_id"""
_POINTS = """
    INSERT INTO contact_point (debtor_id, phone, match_key, state, source, created_at, updated_at)
    SELECT COALESCE(debtor_id, :debtors + debtor_place), phone, match_key, 'active', CAST(:source AS VARCHAR),
        CAST(:now AS {instant}), CAST(:now AS {instant})
    FROM import_point WHERE {step} ORDER BY id ON CONFLICT (debtor_id, match_key) DO NOTHING"""
_SAID_OTHERWISE = """
    UPDATE imported_consent SET replaced_by = :batch
    FROM (SELECT account_id, match_key, channel, purpose FROM import_consent WHERE {step}) AS c
    WHERE imported_consent.replaced_by IS NULL AND imported_consent.account_id = c.account_id
        AND imported_consent.match_key = c.match_key AND imported_consent.channel = c.channel
        AND imported_consent.purpose = c.purpose"""
_CONSENTS = """
    INSERT INTO imported_consent (account_id, batch_id, "row", phone, match_key, channel, purpose, state, how, said_at,
        shown, reference, digest, stated_at, outcome)
    SELECT COALESCE(account_id, :accounts + account_place), batch_id, "row", phone, match_key, channel, purpose, state,
        how, said_at, shown, reference, digest, CAST(:now AS {instant}), 'waiting'
    FROM import_consent WHERE {step} ORDER BY id"""
_UNBILLED = """
    DELETE FROM invoice WHERE id IN (SELECT invoice_id FROM import_invoice WHERE {step} AND kind = 'removed')"""
_UNMADE = """
    DELETE FROM account WHERE id IN (SELECT account_id FROM import_account WHERE {step} AND kind = 'removed')"""
_UNNAMED = """
    DELETE FROM contact_point WHERE debtor_id IN
        (SELECT debtor_id FROM import_debtor WHERE {step} AND kind = 'removed')"""
_UNKNOWN = """
    DELETE FROM debtor WHERE id IN (SELECT debtor_id FROM import_debtor WHERE {step} AND kind = 'removed')"""

STEPS: tuple[tuple[type[Base], str], ...] = (
    (ImportInvoice, _UNBILLED),
    (ImportAccount, _UNMADE),
    (ImportDebtor, _DEBTORS),
    (ImportDebtor, _RENAMED),
    (ImportAccount, _ACCOUNTS),
    (ImportAccount, _CHANGED),
    (ImportAccount, _CLOSED),
    (ImportInvoice, _INVOICES),
    (ImportInvoice, _RESTATED),
    (ImportPoint, _POINTS),
    (ImportConsent, _SAID_OTHERWISE),
    (ImportConsent, _CONSENTS),
    (ImportDebtor, _UNNAMED),
    (ImportDebtor, _UNKNOWN),
)
"""In the order in which rows may name each other, and lose each other."""

UNSAID = (
    "DELETE FROM imported_consent WHERE batch_id = :undoes",
    "UPDATE imported_consent SET replaced_by = NULL WHERE replaced_by = :undoes",
)
"""The way back of what an import said of consent, before its accounts go."""

HELD = """
    SELECT id FROM account WHERE id IN (SELECT account_id FROM import_account WHERE {step}) ORDER BY id FOR UPDATE"""
MOVED = """
    SELECT a.id FROM import_account a JOIN account ON account.id = a.account_id
    WHERE a.batch_id = :batch AND a.kind IN ('changed', 'removed') AND account.version <> a.version
    UNION SELECT a.id FROM import_account a JOIN account
        ON account.creditor_id = :creditor AND account.external_id = a.external_id
    WHERE a.batch_id = :batch AND a.kind = 'new'
    UNION SELECT a.id FROM import_invoice i JOIN invoice ON invoice.id = i.invoice_id
        JOIN import_account a ON a.batch_id = i.batch_id AND a.account_id = i.account_id
    WHERE i.batch_id = :batch AND i.kind IN ('changed', 'removed') AND invoice.version <> i.version
    UNION SELECT a.id FROM import_debtor d JOIN debtor
        ON debtor.document_number = d.document_number AND debtor.document_type = d.document_type
        JOIN import_account a ON a.batch_id = d.batch_id AND (a.debtor_place = d.place OR a.debtor_id = d.debtor_id)
    WHERE d.batch_id = :batch AND d.kind IN ('new', 'changed') AND debtor.id <> COALESCE(d.debtor_id, 0)
    UNION SELECT a.id FROM import_debtor d JOIN debtor_correction c ON c.debtor_id = d.debtor_id AND c.ended_at IS NULL
        JOIN import_account a ON a.batch_id = d.batch_id AND a.debtor_id = d.debtor_id
    WHERE d.batch_id = :batch AND d.kind = 'changed'"""
"""What was compared with something that is no longer so: paid or stated meanwhile, or met by another way."""

LINKED = """
    UPDATE contact_point SET updated_at = :now, contact_id =
        (SELECT contact_id FROM alias WHERE alias.match_key = contact_point.match_key ORDER BY id DESC LIMIT 1)
    WHERE contact_id IS NULL AND match_key IN
        (SELECT p.match_key FROM import_point p JOIN alias ON alias.match_key = p.match_key WHERE p.batch_id = :batch)
    RETURNING contact_id"""
"""As `points.find_contacts` joins one, for all at once."""
REACHED = """
    SELECT DISTINCT contact_point.contact_id FROM import_account a JOIN contact_point
        ON contact_point.debtor_id = COALESCE(a.debtor_id, :debtors + a.debtor_place)
    WHERE a.batch_id = :batch AND contact_point.contact_id IS NOT NULL"""
"""Who is behind the numbers of the debtors concerned."""
