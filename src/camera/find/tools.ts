import { execFile } from 'node:child_process';
import { messageOf } from '../../base/errors.js';
import { systemCode } from '../image-file.js';
import type { FoundCamera, Search } from './found.js';

const TIMEOUT_MS = 15_000;

/** A program that lists cameras, and how its output is read. */
export interface ListingTool {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly read: (output: string) => readonly FoundCamera[];
}

const ARV_TOOL: ListingTool = { command: 'arv-tool-0.8', parameters: [], read: readArvTool };
const CAM: ListingTool = { command: 'cam', parameters: ['-l'], read: readCam };
const LIBCAMERA_HELLO: ListingTool = {
  command: 'libcamera-hello',
  parameters: ['--list-cameras'],
  read: readLibcameraHello,
};

/** GigE Vision and USB3 Vision cameras. They are asked for by broadcast in each network of this machine. */
export function findGenicam(tools: readonly ListingTool[] = [ARV_TOOL]): Promise<Search> {
  return searchWith('GenICam', tools, 'aravis-tools-cli');
}

/** Cameras on a Raspberry Pi's ribbon and the like. */
export function findLibcamera(tools: readonly ListingTool[] = [CAM, LIBCAMERA_HELLO]): Promise<Search> {
  return searchWith('libcamera', tools, 'libcamera-tools');
}

/** Runs the first of the tools that is installed. */
async function searchWith(kind: string, tools: readonly ListingTool[], debianPackage: string): Promise<Search> {
  for (const { command, parameters, read } of tools) {
    try {
      return { kind, cameras: read(await run(command, parameters)) };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') continue;
      return { kind, cameras: [], problem: `${command} failed: ${messageOf(error).trim().split('\n').join(' ')}` };
    }
  }
  const names = tools.map(({ command }) => command).join(' nor ');
  const subject = tools.length === 1 ? `${names} is not installed` : `neither ${names} is installed`;
  return { kind, cameras: [], problem: `${subject} (sudo apt-get install ${debianPackage})` };
}

/** What a program prints, on both outputs: libcamera lists on one or the other. It is killed when it hangs. */
function run(command: string, parameters: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 1_048_576 } as const;
    execFile(command, [...parameters], options, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}\n${stderr}`);
      else reject(error.killed === true ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`) : error);
    });
  });
}

/** `Aravis-Fake-GV01 (127.0.0.1)`, a line a camera. */
export function readArvTool(output: string): readonly FoundCamera[] {
  return matches(output, /^(\S.*?) \(([^()]+)\)\s*$/gm).map(([id, address]) => ({ id, description: `at ${address}` }));
}

/** `1: 'imx219' (/base/soc/i2c0mux/i2c@1/imx219@10)`, or `1: External camera 'UVC' (...)`. */
export function readCam(output: string): readonly FoundCamera[] {
  return matches(output, /^\d+: (.+) \((\S+)\)\s*$/gm).map(([name, id]) => ({ id, description: name }));
}

/** `0 : imx219 [3280x2464 10-bit] (/base/soc/i2c0mux/i2c@1/imx219@10)`. */
export function readLibcameraHello(output: string): readonly FoundCamera[] {
  return matches(output, /^\d+ : (.+) \((\/\S+)\)\s*$/gm).map(([name, id]) => ({ id, description: name }));
}

function matches(output: string, form: RegExp): (readonly [string, string])[] {
  return [...output.matchAll(form)].map(([, first = '', second = '']) => [first, second]);
}
