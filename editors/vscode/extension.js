// Starts `einderiv lsp` for .ein files and hands its answers to the editor.
"use strict";

const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

const INSTALL = "pip install 'einderiv[editors]'";
let client;

function newClient() {
  const command = workspace.getConfiguration("einderiv").get("command", "einderiv");
  const server = { command, args: ["lsp"], transport: TransportKind.stdio };
  return new LanguageClient("einderiv", "einderiv", server, {
    documentSelector: [{ language: "einderiv" }],
  });
}

async function start() {
  client = newClient();
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(
      `The language server of einderiv did not start (${error.message}). Install it with \`${INSTALL}\`, ` +
        "or set einderiv.command to where it is. Colours work without it.",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) {
    await running.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("einderiv.restart", restart),
    workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("einderiv.command") ? restart() : undefined,
    ),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
