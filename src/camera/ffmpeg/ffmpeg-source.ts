import type { FfmpegCameraConfig } from '../../config/schema/camera-ffmpeg.js';
import { explainEnd, explainLines, type Saying } from '../process/explain.js';
import type { ProgramEnd } from '../process/program.js';
import type { Ending, ProcessSource } from '../process/source.js';
import type { SupervisorLimits } from '../process/supervisor.js';

/** What `ffmpeg` says when it ends, read from FFmpeg 5.1. */
const SAYINGS: readonly Saying[] = [
  { pattern: /401 Unauthorized|403 Forbidden|authorization failed/, code: 'CAMERA_LOGIN_REFUSED', patient: true },
  {
    pattern: /Unrecognized option|Option .* not found|Error splitting|Error parsing options/,
    code: 'CAMERA_PIPELINE_WRONG',
    patient: true,
  },
  { pattern: /Unknown input format|Protocol not found|Unknown decoder/, code: 'CAMERA_PIPELINE_WRONG', patient: true },
  { pattern: /404 Not Found/, code: 'CAMERA_STREAM_NOT_FOUND' },
  {
    pattern:
      /Failed to resolve hostname|Connection refused|No route to host|Network is unreachable|Connection timed out/,
    code: 'CAMERA_UNREACHABLE',
  },
  { pattern: /Device or resource busy/, code: 'CAMERA_IN_USE' },
  { pattern: /Permission denied|Operation not permitted/, code: 'CAMERA_ACCESS_DENIED' },
  { pattern: /Cannot open video device|No such device/, code: 'CAMERA_NOT_FOUND' },
  { pattern: /No such file or directory/, code: 'CAMERA_STREAM_NOT_FOUND' },
  {
    pattern: /matches no streams/,
    code: 'CAMERA_FORMAT_UNUSABLE',
    hint: () => 'The input holds no video. Check what it is: ffprobe INPUT',
  },
  {
    pattern: /Invalid data found/,
    code: 'CAMERA_FORMAT_UNUSABLE',
    hint: () => 'FFmpeg does not understand the input. Check what it is: ffprobe INPUT',
  },
];

/** An `ffmpeg` that writes each picture, grey or RGB, with its size before it (PAM). */
export class FfmpegSource implements ProcessSource {
  readonly name: string;
  readonly program: string;
  readonly install = 'sudo apt-get install ffmpeg';
  readonly framing = 'pam';
  readonly descriptor = 1;
  readonly secrets: readonly string[];
  readonly latencyMs: number;
  readonly constantRate = false;
  readonly limits: SupervisorLimits;
  readonly reconnectMaxMs: number;
  readonly #config: FfmpegCameraConfig;
  readonly #password: string | undefined;

  constructor(config: FfmpegCameraConfig, given: { readonly password?: string; readonly program?: string } = {}) {
    this.name = config.input;
    this.program = given.program ?? 'ffmpeg';
    this.secrets = given.password === undefined ? [] : [given.password];
    this.latencyMs = config.latencyMs;
    this.limits = { startWithinMs: config.connectTimeoutMs, stallAfterMs: config.stallAfterMs };
    this.reconnectMaxMs = config.reconnectMaxMs;
    this.#config = config;
    this.#password = given.password;
  }

  parameters(): readonly string[] {
    return [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
      ...this.#inputOptions(),
      ...['-i', this.#input()],
      // The first video stream as it comes: no picture is doubled or left out to keep a rate.
      ...['-map', '0:v:0', '-fps_mode', 'passthrough', '-vf', 'format=pix_fmts=gray|rgb24', '-autoscale', '0'],
      ...['-f', 'image2pipe', '-c:v', 'pam', 'pipe:1'],
    ];
  }

  explain(end: ProgramEnd): Ending {
    return explainLines(end.lines, SAYINGS, this.name) ?? explainEnd(end, this.program, this.install, this.name);
  }

  #inputOptions(): readonly string[] {
    const { input, inputOptions, stallAfterMs } = this.#config;
    if (!/^rtsps?:/i.test(input)) return inputOptions;
    const lacks = (name: string): boolean => !inputOptions.includes(name);
    return [
      ...(lacks('-rtsp_transport') ? ['-rtsp_transport', 'tcp'] : []),
      // In microseconds. Without it FFmpeg waits for ever for a camera that has gone.
      ...(lacks('-timeout') ? ['-timeout', String(stallAfterMs * 1000)] : []),
      ...inputOptions,
    ];
  }

  #input(): string {
    const { input, username } = this.#config;
    if (username === undefined) return input;
    const login = [username, this.#password ?? ''].map(encodeURIComponent).join(':');
    return input.replace(/^([a-z][a-z0-9+.-]*:\/\/)/i, (scheme) => `${scheme}${login}@`);
  }
}
