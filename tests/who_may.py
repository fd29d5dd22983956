"""The table of who may do what: every route, every frame of a socket, every push and every event of the stream.

tests/test_authorisation.py fails for what has no row here and for a row of what no longer exists, and tries each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FINE = frozenset({200, 201, 204, 303})


@dataclass(frozen=True)
class Row:
    """One way in. `who` are those it answers; `others` is what everybody else who is signed in gets.

    `ask` is the address really asked for, with {key} for a fresh key and {own} for something of the asker's; `answers`
    are the statuses that count as being let through.
    """

    method: str
    path: str
    who: str
    ask: str = ""
    form: dict[str, str] | None = None
    json: Any = None
    answers: frozenset[int] = FINE
    others: int = 404


def one(method: str, path: str, who: str, ask: str = "", **more: Any) -> Row:
    """A row; `answers` may be one status."""
    answers = more.pop("answers", FINE)
    return Row(
        method, path, who, ask or path, answers=frozenset({answers} if isinstance(answers, int) else answers), **more
    )


# Who: anybody; everyone signed in; the team (and who stands above all teams); supervisors, wherever they are;
# supervisors of the team; administrators; nobody but the owner; or the scope a program needs.
INBOX, SETTINGS, API = "/inbox/{conversation_id:int}", "/settings", "/api/v1"
CONVERSATION = API + "/conversations/{conversation_id:str}"
A_TEXT = {"key": "saludo", "tone": "cordial", "country": "PE", "body": ""}
PROMPTLY = {"team": "1", "state": "", "first_due": "5 min"}
HOLIDAY = {"team": "0", "day": "2026-12-24", "hours": "", "name": "Nochebuena"}
SAID = {"text": "Buenos días", "client_key": "{key}"}

PAGES = [
    one("GET", "/health", "anybody"),
    one("HEAD", "/health", "anybody"),
    one("GET", "/ready", "anybody", answers={200, 503}),
    one("HEAD", "/ready", "anybody", answers={200, 503}),
    one("GET", "/metrics", "anybody"),  # on this machine; tests/test_metrics.py has the others
    one("HEAD", "/metrics", "anybody"),
    one("GET", "/.well-known/aldia-seals", "anybody"),
    one("GET", "/login", "anybody"),
    one("POST", "/login", "anybody", form={"email": "nadie@andes.example", "password": "x"}, answers=401),
    # No provider is configured where this is tried; tests/test_oidc.py has one.
    one("GET", "/login/oidc", "anybody", answers=404),
    one("GET", "/login/oidc/callback", "anybody", answers=404),
    one("POST", "/logout", "anybody"),
    one("GET", "/setup", "anybody", answers=404),
    one("POST", "/setup", "anybody", form={"code": "0"}, answers=404),
    one("GET", "/simulator", "anybody", answers=404),
    one("GET", "/", "anybody"),
    one("GET", "/static/{asked_release:str}/{path:path}", "anybody", "/static/x/icon.svg"),
    one("GET", "/api/schema", "anybody"),
    one("GET", "/api/schema/openapi.json", "anybody"),
    one("GET", "/webhooks/whatsapp", "anybody", answers=403),
    one("POST", "/webhooks/whatsapp", "anybody", answers=401),
    one("POST", "/webhooks/payments/{provider:str}", "anybody", "/webhooks/payments/stripe", answers=404),
    one("GET", "/p/{token:str}", "anybody", "/p/nobody-has-this-token-000"),
    one("GET", "/p/{token:str}/ir", "anybody", "/p/nobody-has-this-token-000/ir", answers=303),
    # No provider is configured where this is tried; tests/portfolio/test_links.py has the others.
    one("GET", INBOX + "/payment-links/new", "everyone", "/inbox/1/payment-links/new", answers=404),
    one("POST", INBOX + "/payment-links", "everyone", "/inbox/1/payment-links", form={"account_id": "1"}, answers=404),
    one(
        "POST",
        INBOX + "/payment-links/{link_id:int}/cancellation",
        "everyone",
        "/inbox/1/payment-links/1/cancellation",
        form={},
        answers=404,
    ),
    one("GET", "/inbox", "everyone"),
    one("GET", "/inbox/rows", "everyone"),
    one("GET", "/inbox/counts", "everyone"),
    one("GET", "/inbox/filtered", "everyone"),
    one("GET", "/inbox/saved-views", "everyone"),
    one("GET", "/inbox/saved-views/new", "everyone"),
    one("POST", "/inbox/saved-views", "everyone", form={"name": ""}, answers=422),
    # Whose it is decides: tests/saved_views/test_saved_views.py has all of them.
    one("GET", "/inbox/saved-views/{view_id:int}", "everyone", "/inbox/saved-views/999", answers=404),
    one("POST", "/inbox/saved-views/{view_id:int}", "everyone", "/inbox/saved-views/999", form={}, answers=404),
    one("GET", "/inbox/search", "everyone", "/inbox/search?q=hola"),
    one("GET", INBOX + "/search", "team", "/inbox/1/search?q=hola"),
    one("GET", "/portfolio", "everyone"),
    one("GET", "/portfolio/debtors/{debtor_id:int}", "team", "/portfolio/debtors/1"),
    one("GET", "/portfolio/accounts/{account_id:int}", "team", "/portfolio/accounts/1"),
    one(
        "POST",
        "/portfolio/debtors/{debtor_id:int}/document",
        "supervisors of the team",
        "/portfolio/debtors/1/document",
        form={},
    ),
    # And who attends to it: tests/privacy/test_revealing.py.
    one(
        "POST",
        INBOX + "/debtors/{debtor_id:int}/document",
        "supervisors of the team",
        "/inbox/1/debtors/1/document",
        form={},
    ),
    one("POST", "/inbox/bulk-jobs", "everyone", form={"step": "ask", "ids": "1"}),
    one("GET", "/inbox/bulk-jobs", "everyone"),
    # A job is its maker's alone: tests/bulk_jobs/test_bulk_jobs.py has others asking for it.
    *(
        one(method, "/inbox/bulk-jobs/{job_id:int}" + path, "everyone", "/inbox/bulk-jobs/999" + path, answers=404)
        for method, path in (
            ("GET", ""),
            ("GET", "/progress"),
            ("GET", "/rows.csv"),
            ("POST", "/start"),
            ("POST", "/cancellation"),
            ("POST", "/undo"),
        )
    ),
    one("GET", INBOX + "/tags", "team", "/inbox/1/tags"),
    one("POST", INBOX + "/tags", "team", "/inbox/1/tags", form={"had": ""}),
    one("GET", "/supervisor", "supervisors", others=403),
    one("GET", "/supervisor/floor", "supervisors", others=403),
    one("GET", "/supervisor/agents/{agent_id:int}", "supervisors of the team", "/supervisor/agents/1"),
    one(
        "POST", "/supervisor/agents/{agent_id:int}/{deed:str}", "supervisors of the team", "/supervisor/agents/1/break"
    ),
    one(
        "GET",
        "/supervisor/conversations/{conversation_id:int}",
        "supervisors of the team",
        "/supervisor/conversations/1",
    ),
    one(
        "POST",
        "/supervisor/conversations/{conversation_id:int}/whispers",
        "supervisors of the team",
        "/supervisor/conversations/1/whispers",
        form={"text": "ojo", "client_key": "{key}"},
        answers={200, 409},
    ),
    one(
        "POST",
        "/supervisor/conversations/{conversation_id:int}/takeover",
        "supervisors of the team",
        "/supervisor/conversations/1/takeover",
    ),
    one(
        "POST",
        "/supervisor/conversations/{conversation_id:int}/return",
        "supervisors of the team",
        "/supervisor/conversations/1/return",
        answers={200, 409},
    ),
    one("POST", "/supervisor/reassignment", "supervisors of the team", form={"ids": "1", "to": ""}),
    one("GET", INBOX + "/whispers", "team", "/inbox/1/whispers"),
    one("GET", "/inbox/state", "everyone"),
    one("POST", "/inbox/state", "everyone", form={"state": "paused:lunch"}),
    # Whether there is anything to take is another matter.
    one("POST", "/inbox/next", "everyone", answers={200, 404, 409}),
    one("GET", INBOX, "team", "/inbox/1"),
    one("GET", INBOX + "/messages", "team", "/inbox/1/messages?before=9"),
    one("GET", INBOX + "/history", "team", "/inbox/1/history"),
    one("GET", INBOX + "/templates", "team", "/inbox/1/templates"),
    one("POST", INBOX + "/replies", "team", "/inbox/1/replies", form=SAID),
    one("POST", INBOX + "/notes", "team", "/inbox/1/notes", form=SAID),
    one(
        "POST",
        INBOX + "/template-messages",
        "team",
        "/inbox/1/template-messages",
        form={"template_id": "1", "client_key": "{key}"},
    ),
    one("GET", INBOX + "/attachments", "team", "/inbox/1/attachments"),
    one("POST", INBOX + "/attachments", "team", "/inbox/1/attachments", form={}, answers=415),
    one(
        "POST",
        INBOX + "/attachments/{staged_id:int}/removal",
        "team",
        "/inbox/1/attachments/1/removal",
    ),
    one(
        "POST", INBOX + "/files", "team", "/inbox/1/files", form={"attachment": "1", "client_key": "{key}"}, answers=422
    ),
    one(
        "POST",
        INBOX + "/messages/{message_id:int}/reaction",
        "team",
        "/inbox/1/messages/1/reaction",
        form={"emoji": "👍", "client_key": "{key}"},
    ),
    one("POST", INBOX + "/messages/{message_id:int}/resend", "team", "/inbox/1/messages/1/resend", answers=409),
    one("POST", INBOX + "/assignment", "team", "/inbox/1/assignment", form={"holder": "me"}, answers={200, 409}),
    # Ana held it last, and whoever leads may hand it on for her.
    one("GET", INBOX + "/transfer", "supervisors of the team", "/inbox/1/transfer", answers={200, 403}),
    one("POST", INBOX + "/transfer", "supervisors of the team", "/inbox/1/transfer", form={"note": ""}, answers=422),
    one("GET", INBOX + "/resolution", "team", "/inbox/1/resolution"),
    one(
        "POST",
        INBOX + "/resolution",
        "team",
        "/inbox/1/resolution",
        form={"disposition": "CD-PCOM"},
        answers={200, 409},
    ),
    one("GET", INBOX + "/snooze", "team", "/inbox/1/snooze"),
    one("POST", INBOX + "/snooze", "team", "/inbox/1/snooze", form={"until": "hour"}),
    one("GET", INBOX + "/schedule", "team", "/inbox/1/schedule"),
    one("POST", INBOX + "/scheduled-messages", "team", "/inbox/1/scheduled-messages", form={"text": ""}, answers=422),
    one(
        "POST",
        INBOX + "/scheduled-messages/{message_id:int}/cancellation",
        "team",
        "/inbox/1/scheduled-messages/1/cancellation",
        form={},
        answers=404,
    ),
    one("POST", INBOX + "/reopening", "team", "/inbox/1/reopening"),
    # Whoever writes in conversation 1 owes something, and has promised.
    one("GET", INBOX + "/promises/new", "team", "/inbox/1/promises/new"),
    one("POST", INBOX + "/promises/{promise_id:int}/reminder", "team", "/inbox/1/promises/1/reminder"),
    one("POST", INBOX + "/promises", "team", "/inbox/1/promises", form={"amount": "1"}, answers=422),
    one(
        "GET",
        INBOX + "/promises/{promise_id:int}/cancellation",
        "team",
        "/inbox/1/promises/1/cancellation",
    ),
    one(
        "POST",
        INBOX + "/promises/{promise_id:int}/cancellation",
        "team",
        "/inbox/1/promises/1/cancellation",
        form={"reason": ""},
        answers=422,
    ),
    one("GET", INBOX + "/plans/new", "team", "/inbox/1/plans/new"),
    one("GET", INBOX + "/plans/simulation", "team", "/inbox/1/plans/simulation"),
    one("POST", INBOX + "/plans", "team", "/inbox/1/plans", form={"total": ""}, answers=422),
    one("GET", INBOX + "/plans/{plan_id:int}/acceptance", "team", "/inbox/1/plans/1/acceptance"),
    one(
        "POST",
        INBOX + "/plans/{plan_id:int}/acceptance",
        "team",
        "/inbox/1/plans/1/acceptance",
        form={"message_id": "999"},
        answers=422,
    ),
    one("GET", INBOX + "/plans/{plan_id:int}/cancellation", "team", "/inbox/1/plans/1/cancellation"),
    one(
        "POST",
        INBOX + "/plans/{plan_id:int}/cancellation",
        "team",
        "/inbox/1/plans/1/cancellation",
        form={"reason": ""},
        answers=422,
    ),
    one("GET", INBOX + "/disputes/new", "team", "/inbox/1/disputes/new"),
    one("POST", INBOX + "/disputes", "team", "/inbox/1/disputes", form={"category": "x"}, answers=422),
    one("GET", INBOX + "/disputes/{dispute_id:int}/decision", "team", "/inbox/1/disputes/1/decision"),
    one(
        "POST",
        INBOX + "/disputes/{dispute_id:int}/decision",
        "team",
        "/inbox/1/disputes/1/decision",
        form={"state": "rejected", "reason": ""},
        answers=422,
    ),
    one("GET", "/portfolio/disputes", "everyone"),
    one("GET", "/inbox/morning", "everyone"),
    one("GET", "/bot", "supervisors", others=403),
    one("GET", "/bot/sessions", "supervisors", others=403),
    one(
        "POST",
        "/bot/sessions/{session_id:int}/takeover",
        "supervisors",
        "/bot/sessions/99/takeover",
        answers=404,
        others=403,
    ),
    one("POST", "/bot/pause", "supervisors", form={"team": "1"}, answers={303, 403}, others=403),
    one(
        "POST",
        "/bot/phrases/{step_id:int}",
        "supervisors",
        "/bot/phrases/99",
        form={"label": "balance"},
        answers=404,
        others=403,
    ),
    one("GET", "/bot/phrases.tsv", "supervisors", others=403),
    one("GET", "/bot/try", "supervisors", others=403),
    one("POST", "/bot/try", "supervisors", form={"text": "hola"}, others=403),
    one("GET", "/bot/texts", "supervisors", others=403),
    one("POST", "/bot/texts", "supervisors", form=A_TEXT, answers=422, others=403),
    one("GET", "/bot/settings", "supervisors", others=403),
    one("POST", "/bot/settings", "supervisors", form={"team": "1"}, answers={422, 403}, others=403),
    one("GET", SETTINGS + "/targets", "supervisors", others=403),
    one("POST", SETTINGS + "/targets", "supervisors", form=PROMPTLY, answers={303, 403}, others=403),
    one("GET", SETTINGS + "/hours", "supervisors", others=403),
    one("POST", SETTINGS + "/hours", "supervisors", form={"team": "1", "monday": "x"}, answers={403, 422}, others=403),
    one("POST", SETTINGS + "/hours/inheritance", "admins", form={"team": "0"}, answers=409, others=403),
    one("POST", SETTINGS + "/hours/days", "admins", form=HOLIDAY, others=403),
    one("POST", SETTINGS + "/hours/days/removal", "admins", form={"team": "0", "day": "2026-12-24"}, others=403),
    one("GET", "/reports", "supervisors", others=403),
    one("GET", "/reports/rows", "supervisors", "/reports/rows?figure=received", others=403),
    one("GET", "/reports/export", "supervisors", others=403),
    one("POST", "/reports/summary", "supervisors", form={"wanted": "0"}, others=403),
    one("GET", "/reports/rates", "admins", others=403),
    one("POST", "/reports/rates", "admins", form={"utility": "-1"}, answers=422, others=403),
    one("GET", SETTINGS + "/dispositions", "supervisors", others=403),
    one("POST", SETTINGS + "/dispositions", "supervisors", form={"code": ""}, answers=422, others=403),
    one(
        "POST",
        SETTINGS + "/dispositions/{disposition_id:int}",
        "supervisors",
        SETTINGS + "/dispositions/1",
        form={"name": "Habló el titular"},
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/dispositions/{disposition_id:int}/move",
        "supervisors",
        SETTINGS + "/dispositions/1/move",
        form={"to": "up"},
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/dispositions/{disposition_id:int}/retirement",
        "supervisors",
        SETTINGS + "/dispositions/1/retirement",
        form={"back": "1"},
        others=403,
    ),
    # There is no import 1: whoever may look for it is told so.
    one("GET", "/portfolio/imports", "supervisors", others=403),
    one("POST", "/portfolio/imports", "supervisors", answers=415, others=403),
    *(
        one(
            method,
            f"/portfolio/imports/{{batch_id:int}}{path}",
            "supervisors",
            f"/portfolio/imports/1{path}",
            answers=404,
            others=403,
        )
        for method, path in (
            ("GET", ""),
            ("GET", "/progress"),
            ("GET", "/problems"),
            ("POST", "/columns"),
            ("POST", "/confirmation"),
            ("POST", "/discard"),
            ("POST", "/undo"),
        )
    ),
    one("GET", INBOX + "/consent/new", "team", "/inbox/1/consent/new"),
    one("POST", INBOX + "/consent", "team", "/inbox/1/consent", form={"kind": "x"}, answers=422),
    one("GET", INBOX + "/consent/lift", "supervisors of the team", "/inbox/1/consent/lift"),
    one(
        "POST",
        INBOX + "/consent/lift",
        "supervisors of the team",
        "/inbox/1/consent/lift",
        form={"reason": ""},
        answers=422,
    ),
    one("GET", INBOX + "/consents", "team", "/inbox/1/consents"),
    one("POST", INBOX + "/consents", "team", "/inbox/1/consents", form={"state": "x"}, answers=422),
    # There is no consent 1: whoever may look for it is told so.
    one("GET", INBOX + "/consents/{consent_id:int}/file", "team", "/inbox/1/consents/1/file", answers=404),
    one("PUT", INBOX + "/draft", "team", "/inbox/1/draft", form={"text": "borrador"}),
    one("GET", "/media/{media_id:int}", "team", "/media/1"),
    one("GET", "/media/{media_id:int}/pages/{number:int}", "team", "/media/2/pages/1"),
    one("GET", "/media/{media_id:int}/first-page", "team", "/media/2/first-page"),
    one("GET", "/media/{media_id:int}/{expiry:int}/{signature:str}", "owner", "{link}", others=403),
    one("HEAD", "/media/{media_id:int}/{expiry:int}/{signature:str}", "owner", "{link}", others=403),
    one("GET", SETTINGS, "everyone"),
    one("GET", SETTINGS + "/sessions", "everyone"),
    one("POST", SETTINGS + "/sessions/{session_id:int}/end", "owner", SETTINGS + "/sessions/{session}/end"),
    one("POST", SETTINGS + "/sessions/end-all", "everyone"),
    one("POST", SETTINGS + "/sessions/end-everywhere", "everyone"),
    one("GET", SETTINGS + "/language", "everyone"),
    one("POST", SETTINGS + "/language", "everyone", form={"language": "xx"}, answers=422),
    one("GET", SETTINGS + "/password", "everyone"),
    one("POST", SETTINGS + "/password", "everyone", form={"current": "no", "password": "x"}, answers=422),
    one("GET", SETTINGS + "/second-factor", "everyone"),
    one("POST", SETTINGS + "/second-factor", "everyone", form={"code": "000000"}, answers={422, 429}),
    one("POST", SETTINGS + "/second-factor/codes", "everyone", form={"code": "000000"}, answers={422, 429}),
    one("POST", SETTINGS + "/second-factor/removal", "everyone", form={"code": "000000"}, answers={422, 429}),
    one("GET", SETTINGS + "/sign-in", "admins", others=403),
    one("POST", SETTINGS + "/sign-in", "admins", form={}, others=403),
    one("POST", SETTINGS + "/sign-in/time-outs", "admins", form={"idle": "720", "absolute": "24"}, others=403),
    one("GET", SETTINGS + "/users", "admins", others=403),
    one("GET", SETTINGS + "/users/{agent_id:int}", "admins", SETTINGS + "/users/{victim}", others=403),
    one(
        "POST",
        SETTINGS + "/users/{agent_id:int}",
        "admins",
        SETTINGS + "/users/{victim}",
        form={"role": "rey"},
        answers=422,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/users/{agent_id:int}/remove-factor",
        "admins",
        SETTINGS + "/users/{victim}/remove-factor",
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/users/{agent_id:int}/sessions/{session_id:int}/end",
        "admins",
        SETTINGS + "/users/{victim}/sessions/1/end",
        answers=404,
        others=403,
    ),
    one("POST", SETTINGS + "/users", "admins", form={"name": "", "email": "", "role": ""}, answers=422, others=403),
    one("POST", SETTINGS + "/users/{agent_id:int}/disable", "admins", SETTINGS + "/users/{victim}/disable", others=403),
    one(
        "POST",
        SETTINGS + "/users/{agent_id:int}/reset-password",
        "admins",
        SETTINGS + "/users/{victim}/reset-password",
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/users/{agent_id:int}/end-sessions",
        "admins",
        SETTINGS + "/users/{victim}/end-sessions",
        others=403,
    ),
    one("GET", SETTINGS + "/dead-letters", "admins", others=403),
    one("GET", SETTINGS + "/dead-letters/{letter_id:int}/raw", "admins", SETTINGS + "/dead-letters/1/raw", others=403),
    one(
        "POST",
        SETTINGS + "/dead-letters/{letter_id:int}/replay",
        "admins",
        SETTINGS + "/dead-letters/1/replay",
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/dead-letters/{letter_id:int}/resolve",
        "admins",
        SETTINGS + "/dead-letters/1/resolve",
        others=403,
    ),
    one("GET", SETTINGS + "/reviews", "supervisors", others=403),
    one(
        "POST",
        SETTINGS + "/reviews/{task_id:int}/resolve",
        "supervisors of the team",
        SETTINGS + "/reviews/1/resolve",
        form={"decision": "same_person"},
        answers={303, 409},
    ),
    one("GET", SETTINGS + "/tags", "supervisors", others=403),
    one("POST", SETTINGS + "/tags", "supervisors", form={"name": ""}, answers=422, others=403),
    one("POST", SETTINGS + "/tags/{tag_id:int}", "supervisors", SETTINGS + "/tags/9", form={}, answers=404, others=403),
    one(
        "POST",
        SETTINGS + "/tags/{tag_id:int}/retirement",
        "supervisors",
        SETTINGS + "/tags/9/retirement",
        answers=404,
        others=403,
    ),
    one("GET", INBOX + "/canned-texts", "team", "/inbox/1/canned-texts"),
    one("GET", INBOX + "/colleagues", "team", "/inbox/1/colleagues"),
    # Everybody's: whoever sees the conversation may use it.
    one("POST", INBOX + "/canned-texts/{canned_id:int}/uses", "team", "/inbox/1/canned-texts/1/uses", form={}),
    one("POST", INBOX + "/right-party", "team", "/inbox/1/right-party", form={}),
    one("GET", "/manifest.webmanifest", "anybody"),
    one("GET", "/sw.js", "anybody"),
    one("GET", "/offline", "anybody"),
    one("GET", SETTINGS + "/notifications", "everyone"),
    one("POST", SETTINGS + "/notifications", "everyone", form={"kind.mine": "1"}),
    one("GET", "/notifications/choice", "everyone"),
    one("POST", "/notifications/test", "everyone", form={}),
    # Nobody has a browser here; tests/notifications has those who have.
    one("POST", "/notifications/subscriptions", "everyone", form={"endpoint": ""}, answers=422),
    one(
        "POST",
        "/notifications/subscriptions/{subscription_id:int}/end",
        "everyone",
        "/notifications/subscriptions/1/end",
        form={},
    ),
    one("GET", SETTINGS + "/templates", "supervisors", others=403),
    one("GET", SETTINGS + "/retention", "admins", others=403),
    one("POST", SETTINGS + "/retention", "admins", form={"version": "0"}, answers=409, others=403),
    one("GET", SETTINGS + "/templates/new", "supervisors", others=403),
    one("POST", SETTINGS + "/templates", "supervisors", form={"name": ""}, answers=422, others=403),
    one("POST", SETTINGS + "/templates/refresh", "supervisors", others=403),
    one(
        "GET",
        SETTINGS + "/templates/drafts/{draft_id:int}",
        "supervisors",
        SETTINGS + "/templates/drafts/1",
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/templates/drafts/{draft_id:int}",
        "supervisors",
        SETTINGS + "/templates/drafts/1",
        form={"name": ""},
        answers=422,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/templates/drafts/{draft_id:int}/discard",
        "supervisors",
        SETTINGS + "/templates/drafts/99/discard",
        answers=404,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/templates/{template_id:int}/draft",
        "supervisors",
        SETTINGS + "/templates/1/draft",
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/templates/drafts/{draft_id:int}/file",
        "supervisors",
        SETTINGS + "/templates/drafts/1/file",
        form={},
        answers=415,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/templates/drafts/{draft_id:int}/file/default",
        "supervisors",
        SETTINGS + "/templates/drafts/1/file/default",
        form={"on": "1"},
        answers=409,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/templates/drafts/{draft_id:int}/file/removal",
        "supervisors",
        SETTINGS + "/templates/drafts/1/file/removal",
        form={},
        others=403,
    ),
    # The house's own file, about nobody.
    one("GET", "/template-files/{draft_id:int}", "everyone", "/template-files/1", answers=404),
    one("GET", SETTINGS + "/canned", "everyone"),
    one("POST", SETTINGS + "/canned", "everyone", form={"name": ""}, answers=422),
    # One of Ana's team, which its agents use and its leaders change; one of Ana's alone.
    one(
        "POST",
        SETTINGS + "/canned/{canned_id:int}",
        "supervisors of the team",
        SETTINGS + "/canned/2",
        form={},
        answers=422,
    ),
    one("POST", SETTINGS + "/canned/{canned_id:int}/retirement", "owner", SETTINGS + "/canned/3/retirement"),
    one("GET", SETTINGS + "/routing", "supervisors", others=403),
    one(
        "POST",
        SETTINGS + "/routing/{team_id:int}",
        "supervisors of the team",
        SETTINGS + "/routing/1",
        form={"capacity": "0"},
        answers=422,
    ),
    # Nobody has a role of the business's own where this is tried: tests/roles/test_roles.py has those.
    one("GET", SETTINGS + "/roles", "admins", others=403),
    one("POST", SETTINGS + "/roles", "admins", form={"name": ""}, answers=422, others=403),
    *(
        one(
            method,
            SETTINGS + "/roles/{role_id:int}" + path,
            "admins",
            SETTINGS + "/roles/999" + path,
            form={} if method == "POST" else None,
            answers=404,
            others=403,
        )
        for method, path in (("GET", ""), ("POST", ""), ("POST", "/retirement"))
    ),
    one("GET", SETTINGS + "/tokens", "admins", others=403),
    one("POST", SETTINGS + "/tokens", "admins", form={"name": ""}, answers=422, others=403),
    one(
        "POST",
        SETTINGS + "/tokens/{token_id:int}/revocation",
        "admins",
        SETTINGS + "/tokens/999/revocation",
        form={},
        answers=404,
        others=403,
    ),
    one("GET", SETTINGS + "/webhooks", "admins", others=403),
    one("POST", SETTINGS + "/webhooks", "admins", form={"name": ""}, answers=422, others=403),
    one(
        "GET",
        SETTINGS + "/webhooks/{subscription_id:int}",
        "admins",
        SETTINGS + "/webhooks/9",
        answers=404,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/webhooks/{subscription_id:int}",
        "admins",
        SETTINGS + "/webhooks/9",
        form={"deed": "disable"},
        answers=404,
        others=403,
    ),
    one(
        "POST",
        SETTINGS + "/webhooks/{subscription_id:int}/deliveries/{delivery_id:int}/replay",
        "admins",
        SETTINGS + "/webhooks/9/deliveries/9/replay",
        answers=404,
        others=403,
    ),
    one("GET", SETTINGS + "/portfolio", "supervisors", others=403),
    one("POST", SETTINGS + "/portfolio", "supervisors", form={"first_edge": "0"}, answers=422, others=403),
    one("GET", "/audit", "supervisors", others=403),
    # Nothing is drawn where this is tried; tests/quality/test_quality.py has whose it is.
    one("GET", "/quality", "everyone"),
    one("GET", "/quality/{pick_id:int}", "everyone", "/quality/999", answers=404),
    one(
        "POST",
        "/quality/{pick_id:int}/reviews",
        "supervisors",
        "/quality/999/reviews",
        form={"version": "1"},
        answers=404,
        others=403,
    ),
    one("GET", "/quality/calibrations", "supervisors", others=403),
    *(
        one(
            "POST",
            "/quality/{pick_id:int}/calibration" + deed,
            "supervisors",
            "/quality/999/calibration" + deed,
            answers=404,
            others=403,
        )
        for deed in ("", "/marks", "/agreement", "/cancel")
    ),
    one("POST", "/quality/{pick_id:int}/answer", "everyone", "/quality/999/answer", form={"text": "x"}, answers=404),
    one("GET", SETTINGS + "/quality", "admins", others=403),
    one("POST", SETTINGS + "/quality", "admins", form={"version": ""}, answers=422, others=403),
    one("GET", "/privacy", "supervisors", others=403),
    one("POST", "/privacy", "supervisors", form={"kind": "access", "conversation": "999"}, answers=404, others=403),
    one("POST", "/privacy/{request_id:int}/answer", "supervisors", "/privacy/999/answer", answers=404, others=403),
    one("POST", "/privacy/{request_id:int}/refusal", "supervisors", "/privacy/999/refusal", answers=404, others=403),
    one("GET", "/audit/export", "supervisors", others=403),
    one("POST", "/audit/verification", "supervisors", others=403),
    one("POST", "/audit/packs", "supervisors", form={"conversation": "999"}, answers=404, others=403),
    one("GET", "/audit/packs/{pack_id:int}", "supervisors", "/audit/packs/999", answers=404, others=403),
    one(
        "GET",
        "/audit/packs/{pack_id:int}/progress",
        "supervisors",
        "/audit/packs/999/progress",
        answers=404,
        others=403,
    ),
    one("GET", "/audit/packs/{pack_id:int}/file", "supervisors", "/audit/packs/999/file", answers=404, others=403),
    one(
        "POST",
        INBOX + "/messages/{message_id:int}/payment-claim",
        "team",
        "/inbox/1/messages/1/payment-claim",
        form={},
        answers=422,
    ),
    one("GET", "/portfolio/payments", "supervisors", others=403),
    one(
        "POST",
        "/portfolio/payments/{payment_id:int}/resolution",
        "supervisors",
        "/portfolio/payments/999999/resolution",
        form={"deed": "dismiss", "note": "no corresponde"},
        answers=404,
        others=403,
    ),
    one(
        "POST",
        "/portfolio/payments/notices/{notice_id:int}/resolution",
        "supervisors",
        "/portfolio/payments/notices/999999/resolution",
        form={"note": "no corresponde"},
        answers=404,
        others=403,
    ),
    one("GET", SETTINGS + "/number", "admins", others=403),
    one("GET", SETTINGS + "/channel", "admins", others=403),
    # Nobody answers at WhatsApp's address.
    one("POST", SETTINGS + "/number/refresh", "admins", answers=503, others=403),
    one("POST", SETTINGS + "/number/profile", "admins", form={"about": "Hola"}, answers=503, others=403),
    one("POST", SETTINGS + "/number/pause", "admins", form={"reason": "feriado"}, others=403),
    one("POST", SETTINGS + "/number/resume", "admins", others=403),
]

CALLS = [
    one("GET", API + "/conversations", "conversations:read"),
    one("GET", CONVERSATION, "conversations:read", API + "/conversations/1"),
    one("PATCH", CONVERSATION, "conversations:write", API + "/conversations/1", json={"status": "open"}),
    one("GET", CONVERSATION + "/messages", "messages:read", API + "/conversations/1/messages"),
    one(
        "POST",
        CONVERSATION + "/messages",
        "messages:write",
        API + "/conversations/1/messages",
        json={"type": "text", "text": {"body": "Buenos días"}},
    ),
    one(
        "POST",
        CONVERSATION + "/attachments",
        "messages:write",
        API + "/conversations/1/attachments",
        json={},
        answers=415,
    ),
    one("POST", CONVERSATION + "/notes", "conversations:write", API + "/conversations/1/notes", json={"text": "ojo"}),
    one("GET", API + "/contacts", "contacts:read"),
    one("GET", API + "/contacts/{contact_id:str}", "contacts:read", API + "/contacts/1"),
    one("PATCH", API + "/contacts/{contact_id:str}", "contacts:write", API + "/contacts/1", json={"name": "María"}),
    one("PUT", API + "/accounts/{external_id:str}", "accounts:write", API + "/accounts/PR-1", json={}, answers=422),
    one("GET", API + "/accounts/{external_id:str}", "accounts:read", API + "/accounts/PR-1", answers=404),
    one("POST", API + "/payments", "payments:write", json={}, answers=422),
    one("GET", API + "/payments", "payments:read"),
    one("GET", API + "/payments/{payment_id:str}", "payments:read", API + "/payments/1", answers=404),
    one("GET", API + "/audit", "audit:read"),
    one("GET", API + "/users", "catalogues:read"),
    one("GET", API + "/teams", "catalogues:read"),
    one("GET", API + "/templates", "catalogues:read"),
    one("GET", API + "/tags", "catalogues:read"),
    one("GET", API + "/canned-responses", "catalogues:read"),
    one("GET", API + "/stream", "stream:read"),
]

SOCKETS = {"/live": "everyone", "/api/v1/stream": "stream:read"}

FRAMES: dict[str, dict[str, Any]] = {
    "hello": {"t": "hello", "head": 0, "view": "all", "open": 1},
    "view": {"t": "view", "view": "all"},
    "open": {"t": "open", "open": 1},
    "typing": {"t": "typing", "on": True},
    "seen": {"t": "seen", "open": 1, "sequence": 1},
    "floor": {"t": "floor", "team": 1},
    "ping": {"t": "ping"},
}
"""What a page may say. What it says is worth nothing beyond what the agent behind it may see."""

PUSHES = {
    "row": "team",
    "header": "team",
    "message": "team",
    "about": "team",
    "owed": "team",
    "consent": "team",
    "tags": "team",
    "history": "team",
    "presence": "team",
    "own-state": "everyone",
    # For the two it is between; tests/supervision/test_floor.py has the others.
    "whisper": "team",
    "watch-bar": "team",
    # Of those who lead, each of their own teams.
    "floor-totals": "everyone",
    "floor-queues": "everyone",
    "floor-agents": "everyone",
    "floor-alerts": "everyone",
    "counts": "everyone",
    "banner": "everyone",
}
"""What a screen may be given, by how its fragment's id begins, and who may be given it."""

EVENTS = {
    "message.created": "messages:read",
    "message.updated": "messages:read",
    "conversation.created": "conversations:read",
    "conversation.updated": "conversations:read",
    "contact.updated": "contacts:read",
    "account.updated": "accounts:read",
    "bot.session.updated": "conversations:read",
    "mention.created": "conversations:read",
}
"""What a program's stream may say, and the scope without which it does not."""

WHO = {
    "everyone": {"ana", "beto", "sara", "tito", "iván"},
    "team": {"ana", "sara", "iván"},
    "supervisors": {"sara", "tito", "iván"},
    "supervisors of the team": {"sara", "iván"},
    "admins": {"iván"},
    "owner": {"ana"},
}
"""Ana (agent) and Sara (supervisor) are of the team that has conversation 1; Beto and Tito of another one."""
