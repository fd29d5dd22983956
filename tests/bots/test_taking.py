"""What people labelled is taken in by `make train ARGS="--take frases.tsv"`: new ones once, contradictions left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from console.bots.training.phrases import HEADER


def table(folder: Path, name: str, *lines: str) -> Path:
    file = folder / name
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


def test_labelled_phrases_become_phrases_to_learn_from_and_what_contradicts_is_named(tmp_path: Path) -> None:
    ours = tmp_path / "phrases"
    ours.mkdir()
    table(ours, "hours.tsv", "a que hora abren\thours\tPE", "hasta que hora atienden\thours\tPE")
    table(ours, "balance.tsv", "cuanto debo\tbalance\tPE", "mi saldo\tbalance\tPE")
    labelled = table(
        tmp_path, "frases.tsv", "¿Cuánto debo?\tdue_date\tPE", "A qué hora abren\thours\tPE",
        "ya le yapié a la señorita\talready_paid\tPE", "cuanto es y hasta cuando\tbalance,due_date\tPE",
    )  # fmt: skip
    command = [sys.executable, "-m", "console.bots.training", "--no-report", "--take", str(labelled)]
    command += ["--phrases", str(ours), "--out", str(tmp_path / "model.bin")]

    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "2 new phrases taken, 1 known already" in first
    assert "left out, settle it by hand: '¿Cuánto debo?' is due_date, ours is balance" in first
    assert "0 new phrases taken, 3 known already" in again
    assert (ours / "already_paid.tsv").read_text(encoding="utf-8").splitlines() == [
        HEADER, "ya le yapié a la señorita\talready_paid\tPE",
    ]  # fmt: skip
    assert "cuanto es y hasta cuando\tbalance,due_date\tPE" in (ours / "mixed.tsv").read_text(encoding="utf-8")
    assert len((ours / "balance.tsv").read_text(encoding="utf-8").splitlines()) == 3
    assert "model.bin: 6 phrases" in again
