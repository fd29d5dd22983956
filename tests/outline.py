"""Reads HTML the way a test asks about it."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class Outline(HTMLParser):
    """What a piece of HTML is made of: elements, attributes, text, and what the content security policy forbids."""

    VOID = frozenset(re.findall(r"\w+", "input img meta link br use path circle rect line polyline ellipse polygon"))

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[int, str, dict[str, str | None]]] = []
        self.text = ""
        # Those in force: what stands in a <template> has none yet.
        self.ids: list[str] = []
        self.forbidden: list[str] = []
        self._depth = 0
        self._within_template = 0
        self.feed(str(html))
        self.close()

    @property
    def skeleton(self) -> list[tuple[int, str, tuple[str, ...]]]:
        """Elements and names of attributes, without what they say."""
        return [(depth, tag, tuple(sorted(attributes))) for depth, tag, attributes in self.elements]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((self._depth, tag, attributes))
        self._depth += tag not in self.VOID
        if attributes.get("id") and not self._within_template:
            self.ids.append(str(attributes["id"]))
        self._within_template += tag == "template"
        self.forbidden += [
            f"{tag} {name}" for name in attributes if name.startswith("on") or name in {"style", "hx-swap-oob"}
        ]
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.forbidden.append(tag)
        for name in ("src", "href", "action"):
            if re.match(r"(javascript|data|vbscript):|//", attributes.get(name) or "", re.IGNORECASE):
                self.forbidden.append(f"{tag} {name}={attributes[name]}")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag not in self.VOID
        self._within_template -= tag == "template"

    def handle_data(self, data: str) -> None:
        self.text += data
