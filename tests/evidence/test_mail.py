"""Mail: what a seal is sent by, over a real conversation with a server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from integrations import mail


class Server:
    """As much SMTP (RFC 5321) as it takes to be handed one letter."""

    def __init__(self) -> None:
        self.letter = ""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        client, _ = self._listening.accept()
        with client, client.makefile("rw", newline="") as lines:

            def say(line: str) -> None:
                lines.write(f"{line}\r\n")
                lines.flush()

            say("220 aqui")
            for line in lines:
                verb = line.split()[0].upper()
                if verb == "DATA":
                    say("354 siga")
                    self.letter = "".join(iter(lines.readline, ".\r\n"))
                say("221 adios" if verb == "QUIT" else "250 bien")
                if verb == "QUIT":
                    return


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_a_letter_arrives_with_its_accents(server: Server) -> None:
    post = mail.post_of(f"smtp://127.0.0.1:{server.port}", "aldia@andes.example")

    post.send(to="notaria@andes.example", subject="Sello 7", text="Guarde este mensaje.")

    assert "To: notaria@andes.example" in server.letter
    assert "Guarde este mensaje." in server.letter


def test_a_server_that_is_away_is_an_oserror() -> None:
    post = mail.post_of("smtp://127.0.0.1:9", "aldia@andes.example")

    with pytest.raises(OSError, match="refused"):
        post.send(to="notaria@andes.example", subject="x", text="x")


@pytest.mark.parametrize("url", ["", "http://mail.example", "smtp://", "mail.example:25"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP"):
        mail.post_of(url, "aldia@andes.example")
