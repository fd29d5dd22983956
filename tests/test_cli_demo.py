"""`aldia demo`, as `make run` starts it: a story, two processes, and what becomes of them when somebody kills one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from console import sign_in
from console.demo import story as demo_story
from tests.patience import eventually

ALDIA = str(Path(sys.executable).with_name("aldia"))
pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("demo")]


class Demo:
    """A demo in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        """Returns when it says that it is ready."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("ALDIA_", "WHATSAPP_"))}
        # What an operator may have lying about must not reach the demo, nor the demo reach it.
        environ |= {"WHATSAPP_ACCESS_TOKEN": "a real one", "ALDIA_DATABASE_URL": "sqlite+aiosqlite:///real.db"}
        (self.folder / ".env").write_text("ALDIA_REDIS_URL=redis://127.0.0.1:1\nWHATSAPP_API_URL=http://127.0.0.1:9\n")
        with self.said_in.open("wb") as said:
            command = [ALDIA, "demo", "--port", str(self.port), *more]
            self.process = subprocess.Popen(command, cwd=self.folder, env=environ, stdout=said, stderr=said)
        self.until(lambda: "Ctrl-C" in self.said)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(timeout=40)

    @property
    def said_in(self) -> Path:
        return self.folder / "said"

    @property
    def said(self) -> str:
        return self.said_in.read_text()

    def until(self, look: Callable[[], bool], within: float = 90) -> None:
        def alive() -> bool:
            assert self.process is not None
            if self.process.poll() is not None:
                pytest.fail(self.said)
            return look()

        asyncio.run(eventually(alive, within=within))

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.address}/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def server_pid(self) -> int:
        wanted = "\0".join(["serve", "--host", "127.0.0.1", "--port", str(self.port)]).encode()
        (pid,) = [int(found.parent.name) for found in Path("/proc").glob("[0-9]*/cmdline") if wanted in _read(found)]
        return pid

    @contextlib.contextmanager
    def signed_in(self, nick: str) -> Iterator[httpx.Client]:
        email = demo_story.PEOPLE[nick][0]
        with httpx.Client(base_url=self.address, trust_env=False) as http:
            answer = http.post("/login", data={"email": email, "password": demo_story.PASSWORD})
            assert answer.status_code == 303, answer.text
            yield http


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Telling the story is most of what these tests take: what one is told is there for the next.
@pytest.fixture(scope="module")
def one_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def demo(one_demo: Demo) -> Iterator[Demo]:
    yield one_demo
    if one_demo.process is not None and one_demo.process.poll() is None:
        one_demo.stop()


def test_the_demo_tells_a_story_survives_kills_and_comes_back_quickly(demo: Demo) -> None:
    demo.start()

    # Everybody can come in, each to their own.
    with demo.signed_in("rosa") as rosa, demo.signed_in("carla") as carla, demo.signed_in("elena") as elena:
        everybody, judicial = rosa.get("/inbox?view=all").text, carla.get("/inbox?view=all").text
        assert "María Fernanda Ccori" in everybody or "Mafe Ccori" in everybody
        assert "Wilmer" in judicial
        assert "Wilmer" not in everybody
        assert elena.get("/settings/users").text.count("andes.example") >= 5
        # The bot has had its night, and is in dialogues of every stage at this moment.
        bot = elena.get("/bot").text
        for name, stage in (
            ("Luz Gamarra", "Identidad confirmada"), ("Wilmer", "Preguntó quién es"),
            ("Elsa Ramos", "Dificultad"), ("Julio Tapia", "Disputa"), ("Lidia Huerta", "Identidad"),
        ):  # fmt: skip
            assert re.search(rf"{name}[^<]*</b><time.*?</time><span[^>]*>{stage}", bot), name
        assert "Entendió todo lo que le escribieron" not in bot
        left = rosa.get("/inbox/morning").text
        assert re.search("Gladys.*Queja.*Roc.*Dificultad.*Rubén.*Seguir el compromiso", left, re.DOTALL)
        scheduled = rosa.get("/scheduled").text
        assert all(f"Plantilla <bdi>{name}</bdi>" in scheduled for name in ("cuota vencida", "retomar conversacion"))
        # Whoever wrote in the weeks before could be answered for a day from then on, not from their first word.
        told = carla.get("/inbox/1?view=all").text
        closes = re.search(r'data-window-closes="([^"]+)"', told)
        assert closes is not None
        assert closes[1] > max(
            re.findall(r'<time[^>]*datetime="([^"]+)"', told.split('class="thread"')[1].split("<template")[0])
        )
        assert "127.0.0.1" in rosa.get("/simulator").headers["location"]
        # The weeks before stand behind the numbers, whose facts follow the history.
        demo.until(lambda: 't-promises_by_week"' in elena.get("/reports?view=collections").text)
        demo.until(lambda: 't-bot_by_day"' in elena.get("/reports?view=bot").text)
    assert "solo-para-probar" in demo.said

    # kill -9 on the server: back by itself, sessions and all.
    with demo.signed_in("rosa") as rosa:
        os.kill(demo.server_pid(), signal.SIGKILL)
        demo.until(demo.is_up, within=10)
        assert rosa.get("/inbox").status_code == 200

    # Stopped in order, and started again without telling the story twice.
    assert demo.stop(signal.SIGINT) == 0
    began = time.monotonic()
    demo.start()
    assert "Preparando" not in demo.said
    assert time.monotonic() - began < 15, "5 s on a machine that does nothing else"

    # Gone with its children, even when nobody asks in order.
    server = demo.server_pid()
    assert demo.process is not None
    demo.process.kill()
    demo.process.wait()
    asyncio.run(eventually(lambda: _is_gone(server), within=20))
    demo.process = None


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_the_demo_is_on_loopback_alone_and_touches_nothing_but_its_own_folder(demo: Demo) -> None:
    demo.start()

    listening = subprocess.run(["/bin/cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
    assert f"0100007F:{demo.port:04X}" in listening
    assert f"00000000:{demo.port:04X}" not in listening
    assert not (demo.folder / "real.db").exists()
    assert (demo.folder / "var/demo/secret").stat().st_mode & 0o077 == 0
    again = subprocess.run(
        [ALDIA, "demo", "--port", str(_free_port())], cwd=demo.folder, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert "ya está en marcha" in again.stderr
    demo.stop()
    demo.start("--reset")
    assert "Preparando" in demo.said


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [ALDIA, "demo", "--port", port], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert done.returncode == 1
    assert "está ocupado" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_page_offers_people_who_exist() -> None:
    assert {email for email, _ in sign_in.DEMO_USERS} == {person[0] for person in demo_story.PEOPLE.values()}


def test_the_story_can_be_read() -> None:
    story = demo_story.read()

    assert len(story.conversation) >= 20
    assert story.arrival
