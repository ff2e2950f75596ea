// `npm start`: sets everything up, then runs the demo in this very process, so that Ctrl-C reaches it and its exit
// code is npm's.
import './setup.mjs';

process.argv.push('demo', ...process.argv.splice(2));
// Built by the line above: a compiler may not have seen it yet.
const program = new URL('../dist/cli/main.js', import.meta.url).href;
await import(program);
