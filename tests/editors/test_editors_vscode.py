"""The extension of VS Code: its files fit together, and it starts `einderiv lsp`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "editors" / "vscode"

VSCODE = """
const registered = {};
exports.registered = registered;
exports.shown = [];
exports.commands = { registerCommand: (name, run) => ((registered[name] = run), { dispose() {} }) };
exports.window = { showErrorMessage: (text) => exports.shown.push(text) };
exports.workspace = {
  getConfiguration: () => ({ get: (key, otherwise) => process.env.COMMAND ?? otherwise }),
  onDidChangeConfiguration: (react) => ((exports.react = react), { dispose() {} }),
};
"""
CLIENT = """
exports.TransportKind = { stdio: 0 };
exports.made = [];
exports.LanguageClient = class {
  constructor(...given) { this.given = given; this.running = false; exports.made.push(this); }
  async start() { if (process.env.FAIL) throw new Error("spawn ENOENT"); this.running = true; }
  async stop() { this.running = false; }
  isRunning() { return this.running; }
};
"""
PLAY = """
const vscode = require("vscode"), client = require("vscode-languageclient/node");
const extension = require(process.argv[2]);
(async () => {
  const subscriptions = [];
  await extension.activate({ subscriptions });
  await vscode.registered["einderiv.restart"]();
  await vscode.react({ affectsConfiguration: (name) => name === "einderiv.command" });
  await extension.deactivate();
  console.log(JSON.stringify({
    given: client.made.map((each) => each.given), running: client.made.map((each) => each.running),
    shown: vscode.shown, subscriptions: subscriptions.length,
  }));
})();
"""


def play(folder: Path, **environment: str) -> dict[str, list[object]]:
    """What the extension does with an editor and a client that only take notes."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node, which runs the extension")
    files = {"vscode/index.js": VSCODE, "vscode-languageclient/node.js": CLIENT}
    for name, text in files.items():
        path = folder / "node_modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "play.js").write_text(PLAY, encoding="utf-8")
    shutil.copy(FOLDER / "extension.js", folder)
    done = subprocess.run([node, folder / "play.js", folder / "extension.js"], capture_output=True, text=True,
                          encoding="utf-8", env=environment, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


def test_the_extension_starts_and_restarts_the_server(tmp_path: Path) -> None:
    found = play(tmp_path, COMMAND="/venv/bin/einderiv")
    assert found["given"] == 3 * [[
        "einderiv", "einderiv", {"command": "/venv/bin/einderiv", "args": ["lsp"], "transport": 0},
        {"documentSelector": [{"language": "einderiv"}]},
    ]]  # fmt: skip
    assert found["running"] == [False, False, False]
    assert found["shown"] == [] and found["subscriptions"] == 2


def test_a_server_that_is_missing_is_told_with_what_installs_it(tmp_path: Path) -> None:
    found = play(tmp_path, FAIL="1")
    assert "pip install 'einderiv[editors]'" in str(found["shown"][0])


def test_all_that_the_extension_names_is_there() -> None:
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    (language,), (grammar,) = package["contributes"]["languages"], package["contributes"]["grammars"]
    for path in (package["main"], language["configuration"], grammar["path"], "README.md"):
        assert (FOLDER / path).exists()
    assert language["id"] == grammar["language"] == "einderiv"
    scope = json.loads((FOLDER / grammar["path"]).read_text(encoding="utf-8"))["scopeName"]
    assert scope == grammar["scopeName"]
    source = (FOLDER / "extension.js").read_text(encoding="utf-8")
    assert set(re.findall(r'registerCommand\("([^"]+)"', source)) == {
        each["command"] for each in package["contributes"]["commands"]
    }


@pytest.mark.parametrize(("text", "words"), [
    ("A_nk = X_nd W_dk", ["A", "nk", "X", "nd", "W", "dk"]),
    ("∂²L/∂θ_i x2^2", ["L", "θ", "i", "x2", "2"]),
    ("x_{i'+1}·y", ["x", "i'", "1", "y"]),
])  # fmt: skip
def test_a_double_click_takes_a_name_without_its_subscript(text: str, words: list[str]) -> None:
    configuration = json.loads((FOLDER / "language-configuration.json").read_text(encoding="utf-8"))
    assert re.findall(configuration["wordPattern"], text) == words
