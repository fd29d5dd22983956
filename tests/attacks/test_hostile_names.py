"""What strangers are called and write stays words: never an element's id, never a script's data. Rows X13, X14, W50."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from console.inbox.models import Message
from tests.browser.everything import everything
from tests.front import Front
from tests.inbox import meta

OURS = re.compile(r"[a-z][a-z0-9-]*")
NAMES = ["rows", "counts", 'x" id="pane', "header-1' autofocus='", "thread-1\u202e", "1"]


class Page(HTMLParser):
    """The elements of a page: their names and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, attribute: str) -> list[str]:
        return [str(attributes[attribute]) for _tag, attributes in self.elements if attribute in attributes]


@pytest.mark.parametrize("name", NAMES)
async def test_nobodys_name_or_number_is_an_elements_id(front: Front, name: str) -> None:
    """X13: an id is a word of ours with a number of ours, however somebody is called."""
    ana = await front.agent("Ana")
    await front.webhook(everything(name, sender="51977000001", name=name))

    for path in ("/inbox?view=all", "/inbox/1?view=all"):
        page = Page(await ana.see(path))
        ids = Counter(page.all("id"))
        assert {each for each in ids if not OURS.fullmatch(each)} == set(), path
        assert ids[name] <= 1, path
        for attribute in ("hx-swap-oob", "hx-target", "data-into"):
            assert all(name not in each or name in {"rows", "1"} for each in page.all(attribute)), (path, attribute)


async def test_what_scripts_are_told_is_data(front: Front) -> None:
    """X14: whatever the address says, it arrives as a string in JSON, and as no attribute or element."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text()))
    hostile = "'\"><script>1</script>\u2028</ol>${7}{{7*7}}\\"

    told = Page(await ana.see("/inbox?view=all&amount_from=1")).all("hx-vals")
    assert any(json.loads(each).get("view") == "all" for each in told)
    for name in ("view", "state", "tags", "amount_from", "days_from", "promise", "window", "q", "cursor"):
        answer = await ana.http.get("/inbox", params={"view": "all", name: hostile})
        assert answer.status_code in {200, 404, 422}, name
        if not answer.headers["content-type"].startswith("text/html"):
            assert answer.headers["content-type"].startswith("application/problem+json"), name
            assert answer.headers["x-content-type-options"] == "nosniff", name
            continue
        page = Page(answer.text)
        assert all(isinstance(json.loads(each), dict) for each in page.all("hx-vals")), name
        assert all(attributes.get("src") for tag, attributes in page.elements if tag == "script"), name


async def test_the_longest_and_oddest_text_is_kept_and_turns_nothing_around(front_on_either: Front) -> None:
    """W50: 65,536 characters with piled accents, overrides of direction and what has no width."""
    odd = "z" + "\u0301\u0489" * 30 + "\u202e\u2066abc\u200b\u200d\ufeff" + "👨‍👩‍👧‍👦" + "مرحبا"
    long = (odd * (65_536 // len(odd) + 1))[:65_536]
    ana = await front_on_either.agent("Ana")

    assert (await front_on_either.webhook(meta.body(meta.text(long)))).status_code == 200

    async with front_on_either.console.db.reading() as tx:
        assert (await tx.scalars(select(Message.text))).one() == long
    lists, thread = await ana.see("/inbox?view=all"), await ana.see("/inbox/1?view=all")
    for html in (lists, thread):
        around = re.findall(r"<(\w+)([^>]*)>\s*z\u0301", html)
        assert around
        assert all(tag == "bdi" or 'dir="auto"' in attributes for tag, attributes in around), around
    assert lists.count("\u202e") < 20, "a line of the list holds the beginning alone"
