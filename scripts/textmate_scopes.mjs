// The innermost scope of every character of the texts on standard input, as VS Code finds it.
//
// In comes a list of texts as JSON, out a list of runs [length, scope] for each line of each.
// vscode-textmate and vscode-oniguruma are looked for in the folder of the environment variable TEXTMATE:
//     npm install --prefix /tmp/textmate vscode-textmate@9 vscode-oniguruma@2
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(join(process.env.TEXTMATE ?? ".", "here.js"));
const textmate = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");

const here = dirname(fileURLToPath(import.meta.url));
const path = join(here, "..", "editors", "vscode", "syntaxes", "einderiv.tmLanguage.json");
const wasm = readFileSync(join(dirname(require.resolve("vscode-oniguruma")), "onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));

const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async () => textmate.parseRawGrammar(readFileSync(path, "utf8"), path),
});
const grammar = await registry.loadGrammar("source.einderiv");

const answers = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  let state = textmate.INITIAL;
  return text.split("\n").map((line) => {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    return result.tokens.map((token) => [
      Math.min(token.endIndex, line.length) - token.startIndex,
      token.scopes.length > 1 ? token.scopes[token.scopes.length - 1] : "",
    ]);
  });
});
console.log(JSON.stringify(answers));
