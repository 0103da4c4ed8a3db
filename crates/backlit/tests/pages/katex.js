// Reads a JSON list of formulas, draws each with KaTeX as strictly as it can, and prints what it refused and what each shows.
const fs = require('fs');
const path = require('path');
const katex = require(path.join(process.argv[2], 'node_modules', 'katex'));
console.warn = () => {};
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'", nbsp: ' ' };
const results = JSON.parse(fs.readFileSync(process.argv[3], 'utf8')).map((formula) => {
  try {
    const options = { strict: 'error', trust: false, throwOnError: true, displayMode: true, output: 'html' };
    const drawn = katex.renderToString(formula, options);
    const shown = drawn.replace(/<[^>]*>/g, '').replace(/&(#?\w+);/g, (whole, name) => entities[name] ?? whole);
    return { shown, elements: [...new Set(drawn.match(/<[a-z]+/g))] };
  } catch (error) {
    return { refused: String(error).toWellFormed() };
  }
});
process.stdout.write(JSON.stringify(results));
