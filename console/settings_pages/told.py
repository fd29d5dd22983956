"""The words in which the pages of the settings tell what was changed on them, by action: for the whole history, too."""

from __future__ import annotations

from console.bots import conduct_door
from console.canned import pages as canned
from console.inbox import disposition_pages as dispositions
from console.message_templates import changes as drafts
from console.number import pages as number
from console.number import words as number_words
from console.quality import form_page
from console.reports import own_pages
from console.roles import pages as roles
from console.settings_pages import (
    hours,
    people_changes,
    portfolio_rules,
    retention,
    routing,
    rules,
    tags,
    targets,
)
from console.settings_pages.change_lines import Terms
from console.word_lists import pages as word_lists

NONE = Terms()


def terms_of(action: str, currency: str) -> Terms:
    """What the page of this action calls its fields and how it says their values; `NONE` where no page tells it.

    Where values are said by the names of what there is now (teams, tags), the fields alone.
    """
    match action:
        case "rules.updated":
            return portfolio_rules.terms(currency)
        case "rates.updated":
            return own_pages.terms(currency)
        case _:
            return _TERMS.get(action, NONE)


def _fields(terms: Terms) -> Terms:
    return Terms(fields=terms.fields)


_TERMS: dict[str, Terms] = {
    "bot.rules_changed": conduct_door.TERMS,
    "quality.form_updated": form_page.TERMS,
    "retention.updated": retention.TERMS,
    "routing.updated": routing.TERMS,
    "sign_in_rules.updated": rules.TERMS,
    "targets.updated": targets.terms(),
    "word_list.changed": word_lists.TERMS,
    **dict.fromkeys(canned.CHANGES, _fields(canned.terms({}, {}))),
    **dict.fromkeys(dispositions.CHANGES, _fields(dispositions.terms([], {}))),
    **dict.fromkeys(drafts.ABOUT, drafts.TERMS),
    **dict.fromkeys(hours.CHANGES, hours.TERMS),
    **dict.fromkeys(number.ABOUT, number_words.TERMS),
    **dict.fromkeys(people_changes.ABOUT, _fields(people_changes.terms({}, {}))),
    **dict.fromkeys(roles.CHANGES, roles.TERMS),
    **dict.fromkeys(tags.CHANGES, _fields(tags.terms({}, {}))),
}
