"""Runs the suite on each supported Python, with the lowest and with the newest dependencies.

    python -m tests.campaigns.matrix [--python 3.12 ...] [PYTEST ARGUMENT ...]

Each combination gets an environment of its own, made by uv in a temporary folder, from wheels only. The
lowest version of a dependency is the lowest that pyproject.toml allows and that has a wheel for that Python.
The interpreters are those on the PATH (python3.12) and pyenv's; the lowest dependencies get the oldest patch
release, the newest the newest. Prints a table; exit code 1 if a combination fails or no interpreter is there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
_PYTEST = ("-m", "pytest", "-n", "auto", "-p", "no:cacheprovider")
#: Of the development tools, those that the tests need.
TOOLS = ("hypothesis", "jsonschema", "pytest", "selenium")


def interpreters(version: str) -> list[Path]:
    """The interpreters of a version like ``3.12`` on this machine, oldest patch release first."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    paths = [Path(folder, f"python{version}") for folder in os.get_exec_path()]
    found: dict[tuple[int, ...], Path] = {}
    for path in [*paths, *pyenv.glob(f"{version}.*/bin/python")]:
        if path.exists():
            code = "import sys; print(*sys.version_info[:3])"
            asked = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
            if asked.returncode == 0:  # pyenv's shims fail for versions that are not active
                found[tuple(map(int, asked.stdout.split()))] = path
    return [found[release] for release in sorted(found)]


def install(python: Path, environment: Path, resolution: str) -> Path:
    """Make an environment with the project in it; its interpreter."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tools = [tool for tool in project["optional-dependencies"]["dev"] if tool.startswith(TOOLS)]
    _uv("venv", "--python", str(python), str(environment))
    inside = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    options = ["--python", str(inside)]
    _uv("pip", "install", *options, "--no-build", "--resolution", resolution, *project["dependencies"])
    _uv("pip", "install", *options, "--no-build", *tools)
    _uv("pip", "install", *options, "--no-deps", "--editable", str(ROOT))
    return inside


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", "--no-python-downloads", *arguments], check=True)


def main() -> int:
    """Run the combinations and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaigns.matrix", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--python", action="append", metavar="VERSION", help="default: 3.11 to 3.14")
    asked, arguments = parser.parse_known_args()
    results: list[tuple[str, str, str]] = []
    for version in asked.python or PYTHONS:
        pythons = interpreters(version)
        for name, resolution in RESOLUTIONS.items():
            if not pythons:
                results.append((version, name, "no such interpreter on this machine"))
                continue
            python = pythons[0 if name == "lowest" else -1]
            with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
                try:
                    inside = install(python, Path(folder, "venv"), resolution)
                    command = [str(inside), *_PYTEST, *arguments]
                    code = subprocess.run(command, cwd=ROOT, check=False).returncode
                    results.append((version, name, "passed" if code == 0 else f"pytest's exit code {code}"))
                except subprocess.CalledProcessError as error:
                    results.append((version, name, f"uv's exit code {error.returncode}"))
    print("| Python | dependencies | result |\n| --- | --- | --- |")
    for version, name, result in results:
        print(f"| {version} | {name} | {result} |")
    return int(any(result != "passed" for _, _, result in results))


if __name__ == "__main__":
    sys.exit(main())
