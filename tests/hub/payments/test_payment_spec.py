from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "docs" / "payment-spec.md"
FOLDERS = ("tests/contract", "tests/hub", "tests/browser")


def named_tests() -> set[str]:
    found: set[str] = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("test_*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.add(f"{path.name}::{node.name}")
    return found


def rows() -> list[list[str]]:
    text = SPEC.read_text("utf-8")
    table = text.split("## Its sentences")[1].split("## Deviations")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if re.match(r"\| \d+ \|", line)
    ]


def test_every_sentence_has_a_test_that_exists_or_is_said_to_come() -> None:
    tests = named_tests()
    numbers = []
    for number, sentence, where, test in rows():
        numbers.append(int(number))
        assert sentence
        assert where
        named = re.findall(r"`([^`]+)`", test)
        assert named or test == "to come", number
        for name in named:
            assert name in tests, name

    assert numbers == list(range(1, 45))
