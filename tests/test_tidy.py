"""House rules that linters can't check, each with its reason in the failure."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGES = ("contract", "tse_driver", "edge", "hub", "provisioning")
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 500
MAIN_LINES_MAX = 150
SQL = re.compile(
    r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|TRUNCATE \w+"
    r"|(CREATE|ALTER|DROP) (ROLE|USER|DATABASE|SCHEMA|TABLE|INDEX|TYPE|VIEW|SEQUENCE"
    r"|FUNCTION|TRIGGER|EXTENSION)|(GRANT|REVOKE) \w+ (ON|TO|FROM))\b"
    r"|^\s*(SELECT \w+\(|(LISTEN|NOTIFY|COPY) \w|LOCK TABLE|SET ROLE)",
    re.S,
)
MONEY = re.compile(r"minor|amount|money|price|balance")
SIMPLE = (
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr, ast.arg),
    ast.Compare,
)
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
VAGUE = {"utils", "helpers", "manager", "common", "base", "misc"}


@cache
def tracked() -> tuple[Path, ...]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    paths = [ROOT / name for name in listing.split("\0") if name]
    return tuple(path for path in paths if path.is_file())


def modules(*packages: str) -> list[Path]:
    roots = packages or PACKAGES
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in roots
    ]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{place(path, node.lineno)} {node.name}"
        for path in modules(*PACKAGES, "tests")
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long, f"functions above {FUNCTION_LINES_MAX} lines: {long}"


def test_modules_stay_small() -> None:
    long = [
        f"{path.relative_to(ROOT)} ({count})"
        for path in modules()
        if (count := len(path.read_text("utf-8").splitlines())) > MODULE_LINES_MAX
    ]
    assert not long, f"modules above {MODULE_LINES_MAX} lines: {long}"


def test_composition_roots_only_compose() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name == "__main__.py"
        and len(path.read_text("utf-8").splitlines()) > MAIN_LINES_MAX
    ]
    assert not long, f"__main__ above {MAIN_LINES_MAX} lines: {long}"


def test_modules_have_names_that_say_something() -> None:
    vague = [str(path) for path in modules() if path.stem in VAGUE]
    assert not vague


def test_money_is_never_a_float() -> None:
    found = []
    for path in modules("contract", "edge", "hub"):
        room = path.relative_to(ROOT).parts
        if room[0] != "contract" and room[1] not in {"core", "store", "export"}:
            continue
        # A path may be joined with "/" where paths are known; money may not be divided.
        joins_paths = "Path" in path.read_text("utf-8") or room[1] == "store"
        for node in ast.walk(tree(path)):
            is_name = isinstance(node, ast.Name) and node.id == "float"
            is_value = isinstance(node, ast.Constant) and isinstance(node.value, float)
            is_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            if is_name or is_value or (is_division and not joins_paths):
                found.append(place(path, getattr(node, "lineno", 0)))
    assert not found, f"floats where money lives: {found}"


def test_no_amount_meets_a_float() -> None:
    """Elsewhere seconds, millimeters and ratios are floats; what names money is not."""
    found = [
        place(path, line)
        for path in modules("edge", "hub", "provisioning")
        for line in amounts_as_floats(tree(path))
    ]
    assert not found, f"amounts that meet a float: {found}"


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("price = total_minor / 100", [1]),
        ("paid = float(row['amount'])", [1]),
        ("amount = float(text)", [1]),
        ("def pay(amount: float) -> None: ...", [1]),
        ("fee_minor *= 0.019", [1]),
        ("pause_s = 0.5\ntotal_minor = 5 // 2", []),
    ],
)
def test_an_amount_that_meets_a_float_is_seen(written: str, lines: list[int]) -> None:
    assert amounts_as_floats(ast.parse(written)) == lines


def amounts_as_floats(module: ast.AST) -> list[int]:
    """The lines of statements and parameters that hold a float and name an amount."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, SIMPLE):
            parts = list(ast.walk(node))
            if any(map(is_float, parts)) and any(map(names_money, parts)):
                found.add(node.lineno)
    return sorted(found)


def is_float(node: ast.AST) -> bool:
    return (
        (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div))
    )


def names_money(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return MONEY.search(name) is not None
        case ast.keyword(arg=str() as name) | ast.Constant(value=str() as name):
            return name.isidentifier() and MONEY.search(name) is not None
    return False


def test_the_bare_word_transaction_stays_with_the_tse() -> None:
    found = [
        place(path, node.lineno)
        for path in modules("contract", "edge", "hub", "provisioning")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id.lower() == "transaction")
        or (isinstance(node, ast.arg) and node.arg.lower() == "transaction")
        or (
            isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.lower() == "transaction"
        )
    ]
    assert not found, f"say order, entry or fiscal transaction: {found}"


def test_sql_lives_in_sql_files() -> None:
    found = [
        place(path, node.lineno)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and SQL.search(node.value)
    ]
    assert not found, f"SQL inside Python: {found}"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM event",
        "SELECT pg_notify('news', '')",
        "UPDATE event SET name = 'x'",
        "CREATE ROLE hub LOGIN",
        "DROP TABLE event",
        "GRANT SELECT ON event TO hub",
        "TRUNCATE event",
        "LISTEN news",
    ],
)
def test_a_statement_is_known_when_it_is_seen(statement: str) -> None:
    assert SQL.search(statement)


def test_the_serial_port_is_opened_in_one_place() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in modules(*PACKAGES, "tests")
        if re.search(
            r"^\s*(import serial|from serial)\b", path.read_text("utf-8"), re.M
        )
    }
    assert found <= {"tse_driver/port.py"}


def test_nothing_is_left_for_later() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in {".py", ".sql", ".tcss", ".html", ".service", ".toml"}
        and path != Path(__file__)
        and LEFT_OVER.search(path.read_text("utf-8"))
    ]
    assert not found


def test_no_test_is_skipped_or_excused() -> None:
    pattern = re.compile(r"mark\.(skip|xfail)|pytest\.(skip|xfail|importorskip)\(")
    found = [
        str(path.relative_to(ROOT))
        for path in modules("tests")
        if path != Path(__file__) and pattern.search(path.read_text("utf-8"))
    ]
    assert not found


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_says_what_it_is_for(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules(package)
        if path.read_text("utf-8").strip() and not ast.get_docstring(tree(path))
    ]
    assert not silent
