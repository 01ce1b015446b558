"""The house of the code: a room knows the rooms below it and none above, and each library has its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import loader

ROOT = Path(loader.__file__).parent
GROUND = {"model", "errors", "text", "csvtext", "object_types", "version"}
#: Each room and what it may import. `settings` holds what the commands can be told, `api` is the Python API.
MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(GROUND, GROUND),
    "pace": GROUND,
    "hubspot": GROUND | {"pace"},
    "engine": GROUND | {"pace", "hubspot", "settings"},
    "source": GROUND,
    "checkpoint": GROUND,
    "report": GROUND | {"source", "checkpoint"},
    "summary": GROUND,
    "simulator": GROUND,
    "settings": GROUND | {"pace"},
    "options": GROUND | {"hubspot"},
    "commands": GROUND
    | {"pace", "hubspot", "engine", "source", "checkpoint", "report", "summary", "settings", "simulator"},
    "api": GROUND | {"pace", "hubspot", "engine", "summary", "settings", "options", "commands"},
    "cli": GROUND | {"pace", "hubspot", "engine", "report", "summary", "settings", "commands", "simulator"},
    "__main__": {"cli"},
    "__init__": GROUND | {"api"},
}
#: Who may import a library.
ONLY = {
    "click": {"cli"},
    "rich": {"cli"},
    "pandas": {"source", "report"},
    "aiohttp": {"hubspot", "simulator"},
    "sqlite3": {"checkpoint"},
    "python_calamine": {"source"},
    "jinja2": {"summary"},
    "pygal": {"summary"},
    "aiolimiter": {"pace"},
}
MOST_LINES = 300


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules that a file imports, and whether only type checkers do."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in typing_only
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"  # a module imported from its package, or a name
                is_module = (ROOT.parent / Path(*inner.split("."))).with_suffix(".py").exists()
                yield inner if is_module else node.module, node in typing_only


FILES = sorted(ROOT.rglob("*.py"))
IMPORTS = {path: list(imports_of(path)) for path in FILES}


def test_no_room_imports_one_above_or_beside_it() -> None:
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in FILES
        for module, _ in IMPORTS[path]
        if module.split(".")[0] == "loader"
        and room_of(module) not in MAY_IMPORT[room_of(name_of(path))] | {room_of(name_of(path))}
        and not (room_of(name_of(path)) == "__init__" and module.startswith("loader."))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_imports_of_modules_have_no_circle() -> None:
    graph = {
        name_of(path): {
            module for module, typing in IMPORTS[path] if module.startswith("loader.") and not typing
        }
        for path in FILES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail[trail.index(module) :], module])
        if module in done or module not in graph:
            return
        for imported in graph[module] - {module}:
            visit(imported, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def test_each_library_has_its_place() -> None:
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in FILES
        for module, _ in IMPORTS[path]
        if room_of(name_of(path)) not in ONLY.get(module.split(".")[0], {room_of(name_of(path))})
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in FILES
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    ]
    assert not long, "\n".join(long)
