// Stands in for gst-launch-1.0 where the real one cannot be made to fail at the right moment. It does the steps that its
// parameters name, in their order, and then stays until it is ended:
//
//   send=FILE       writes the file's bytes to the pictures' descriptor
//   repeat=MS,FILE  writes them every so many milliseconds from now on
//   flood=N,FILE    writes them so many times, as fast as they are taken
//   say=TEXT        a line on standard error
//   deaf            ignores SIGINT
//   child           starts a child that holds the descriptors and ignores SIGINT, and says its pid
//   close           closes the pictures' descriptor
//   exit=CODE
import { spawn } from 'node:child_process';
import { closeSync, readFileSync, writeSync } from 'node:fs';

const PICTURES = 3;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** @param {string} file */
function send(file) {
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(PICTURES, bytes, at);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') process.exit(32);
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

for (const step of process.argv.slice(2)) {
  const [name = '', value = ''] = step.split(/=(.*)/s);
  const [number = '', file = ''] = value.split(/,(.*)/s);
  if (name === 'send') send(value);
  else if (name === 'repeat') setInterval(() => send(file), Number(number));
  else if (name === 'flood') for (let count = Number(number); count > 0; count -= 1) send(file);
  else if (name === 'say') process.stderr.write(`${value}\n`);
  else if (name === 'deaf') process.on('SIGINT', () => undefined);
  else if (name === 'child') {
    const child = spawn(process.execPath, ['-e', "process.on('SIGINT', () => {}); setInterval(() => {}, 1000)"], {
      stdio: ['ignore', 'ignore', 'inherit', PICTURES],
    });
    writeSync(2, `child ${child.pid}\n`);
  } else if (name === 'close') closeSync(PICTURES);
  else if (name === 'exit') process.exit(Number(value));
}
setInterval(() => undefined, 1000);
