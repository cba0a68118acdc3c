// Draw formulas, one a line of standard input, with KaTeX, errors thrown; say which cannot be drawn.
//
// KaTeX is looked for in the folder of the environment variable KATEX, else from here upwards:
//     npm install --prefix /tmp/katex katex && KATEX=/tmp/katex node scripts/check_katex.mjs < formulas.txt
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.KATEX;
const katex = createRequire(folder ? join(folder, "here.js") : import.meta.url)("katex");
const formulas = readFileSync(0, "utf8").split("\n").filter((line) => line);
let failed = 0;
for (const formula of formulas) {
  try {
    katex.renderToString(formula, { throwOnError: true, strict: "error", displayMode: true });
  } catch (error) {
    failed += 1;
    console.error(`${formula}\n    ${error.message}`);
  }
}
console.log(`${formulas.length} formulas drawn with KaTeX ${katex.version}, ${failed} refused`);
process.exit(failed ? 1 : 0);
