"""What a pack says of people, accounts and messages: the JSON of expediente.json. Instants are RFC 3339 in UTC."""

from __future__ import annotations

from typing import Any

import msgspec


class Author(msgspec.Struct, frozen=True):
    """Who wrote: kind, id and the name as it was then."""

    kind: str
    id: int | None
    name: str | None


class Status(msgspec.Struct, frozen=True):
    """One status that WhatsApp reported: the proof of delivery."""

    status: str
    at: str | None
    received_at: str
    error_code: int | None


class Attachment(msgspec.Struct, frozen=True):
    """An attachment; `file` is its place in the pack, None where there is none to give (and `state` says why)."""

    kind: str
    filename: str | None
    mime_type: str | None
    size: int | None
    sha256: str | None
    state: str
    file: str | None


class Former(msgspec.Struct, frozen=True):
    """What a message said before it was edited."""

    text: str | None
    content: dict[str, Any] | None
    replaced_at: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a thread. `said` with `salt` before it is what the digest in the history was made from."""

    id: int
    sequence: int
    direction: str
    author: Author
    kind: str
    text: str | None
    content: dict[str, Any] | None
    said: str
    salt: str | None
    wamid: str | None
    status: str
    error_code: int | None
    created_at: str
    provider_at: str | None
    edited_at: str | None
    revoked_at: str | None
    hour: str | None
    statuses: list[Status]
    media: list[Attachment]
    former: list[Former]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who we wrote with. `stopped` says what they asked for, and since when."""

    id: int
    name: str | None
    wa_id: str | None
    opted_out_at: str | None
    wrong_number_at: str | None
    marketing_stopped_at: str | None


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, whole."""

    id: int
    person: Person
    our_number: str | None
    team: str
    holder: str | None
    status: str
    timezone: str
    country: str
    last_sequence: int
    created_at: str
    messages: list[Said]


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands when the pack is made. Amounts are whole numbers of the smallest unit."""

    id: int
    external_id: str
    holder: str
    document_type: str | None
    document_number: str | None
    currency: str
    state: str
    balance_minor: int
    overdue_minor: int
    invoices: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    payments: list[dict[str, Any]]


class Given(msgspec.Struct, frozen=True):
    """A reason somebody typed. Its entry holds its number, and SHA-256 over `salt` and `words` as `reason_digest`."""

    id: int
    words: str | None
    salt: str | None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent, or the end of one, with its proof.

    `said` with `salt` before it is what `proof_digest` of its entry was made from; both are gone with the proof.
    """

    id: int
    person: int
    channel: str
    purpose: str
    state: str
    how: str
    said_at: str
    recorded_at: str
    by: Author
    message_id: int | None
    shown: str | None
    version: str | None
    reference: str | None
    file: str | None
    file_name: str | None
    sha256: str | None
    said: str
    salt: str | None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What the file of import `load`, in `row`, said that somebody allowed or refused at a number.

    `outcome` is waiting (nobody has written from there), noted (as the consent `consent`) or left (`why`).
    """

    id: int
    account: int
    phone: str
    channel: str
    purpose: str
    state: str
    how: str
    said_at: str
    shown: str | None
    reference: str | None
    load: int
    row: int
    file_sha256: str | None
    by: Author
    stated_at: str
    replaced_by: int | None
    outcome: str
    why: str | None
    consent: int | None


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """All of expediente.json."""

    format: int
    pack: int | None
    made_at: str
    made_by: str
    company: str
    timezone: str
    scope: str
    conversations: list[Thread]
    accounts: list[Debt]
    # Numbers of entries in historial.json.
    consent: list[int]
    disclosures: list[int]
    readings: list[int]
    reasons: list[Given] = []
    consents: list[Consent] = []
    imported_consents: list[Imported] = []


class Proof(msgspec.Struct, frozen=True):
    """One entry: its hashed text, what it is chained to, and the way to the root of its seal."""

    hash: str
    previous: str
    hashed: str
    seal: int
    path: list[tuple[str, str]]


class Stamping(msgspec.Struct, frozen=True):
    """A time stamp: the answer of the authority in `file`, and `at`, the authority's clock.

    It was asked at `asked_at` and had answered by `answered_at`, by our clock.
    """

    seal: int
    file: str
    authority: str
    at: str
    asked_at: str
    answered_at: str


class Proofs(msgspec.Struct, frozen=True):
    """All of historial.json. `fields` names what the list in `hashed` holds."""

    fields: tuple[str, ...]
    keys: tuple[str, ...]
    seals: list[Any]
    entries: list[Proof]
    stamps: list[Stamping] = []
