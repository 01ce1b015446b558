"""Runs the suite on each supported Python, with the lowest and with the newest dependencies.

    python -m tests.campaigns.matrix [--python 3.12 ...] [PYTEST ARGUMENT ...]

Each combination gets an environment of its own, made by uv in a temporary folder, from wheels only. The
lowest version of a dependency is the lowest that pyproject.toml allows and that has a wheel for that Python.
The interpreters are those on the PATH (python3.12), then pyenv's. Prints a table; exit code 1 if a
combination fails or an interpreter is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
#: Of the development tools, those that the tests need.
TOOLS = ("hypothesis", "pytest", "selenium")


def interpreter(version: str) -> Path | None:
    """The interpreter of a version like ``3.12``; None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    for found in ([Path(on_path)] if on_path else []) + sorted(pyenv.glob(f"{version}.*/bin/python"))[::-1]:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        asked = subprocess.run([found, "-c", code], capture_output=True, text=True, check=False)
        if asked.stdout.strip() == version:
            return found
    return None


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
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.matrix", description=__doc__)
    parser.add_argument("--python", action="append", metavar="VERSION", help="default: 3.11 to 3.14")
    asked, arguments = parser.parse_known_args()
    results: list[tuple[str, str, str]] = []
    for version in asked.python or PYTHONS:
        python = interpreter(version)
        for name, resolution in RESOLUTIONS.items():
            if python is None:
                results.append((version, name, "no such interpreter on this machine"))
                continue
            with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
                try:
                    inside = install(python, Path(folder, "venv"), resolution)
                    command = [str(inside), "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", *arguments]
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
