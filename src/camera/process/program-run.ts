import { type JidokaError, messageOf } from '../../base/errors.js';
import { sleep } from '../../base/lifecycle.js';
import { cameraErrors } from '../errors.js';
import type { OpenStream } from './picture-channel.js';
import type { PictureChannels } from './picture-channels.js';
import { Program } from './program.js';
import type { ReceivedPicture, StreamEnd } from './reader-messages.js';
import type { Ending, ProcessSource } from './source.js';

/** After a program has ended, what it wrote is in the socket: reading it takes no longer than this. */
const READ_OUT_MS = 1000;

export interface ProgramRunListener {
  onStarted(parameters: readonly string[]): void;
  onPicture(picture: ReceivedPicture): void;
  /** The stream is of no use any more, while the program runs on. */
  onFault(reason: JidokaError): void;
  /** The program has closed its stream and runs on. */
  onHungUp(): void;
  /** Called once, and nothing after it: program and stream are gone. `lines`: the program's last words. */
  onExited(ending: Ending, lines: readonly string[]): void;
}

/** One life of a camera: a program and the stream that is read from it. */
export class ProgramRun {
  readonly #source: ProcessSource;
  readonly #life: number;
  readonly #listener: ProgramRunListener;
  #program: Program | undefined;
  #unwanted = false;

  constructor(source: ProcessSource, life: number, channels: PictureChannels, listener: ProgramRunListener) {
    this.#source = source;
    this.#life = life;
    this.#listener = listener;
    void this.#live(channels).then(({ ending, lines }) => listener.onExited(ending, lines));
  }

  signal(name: NodeJS.Signals): void {
    this.#unwanted = true;
    this.#program?.signal(name);
  }

  /** Lets the agent end though the program does not. */
  abandon(): void {
    this.#program?.abandon();
  }

  async #live(channels: PictureChannels): Promise<{ readonly ending: Ending; readonly lines: readonly string[] }> {
    const { framing, latencyMs, constantRate } = this.#source;
    try {
      const channel = await channels.get();
      const stream = await channel.stream(this.#life, { framing, latencyMs, constantRate }, this.#listener.onPicture);
      return await this.#runProgram(stream);
    } catch (cause) {
      const reason = cameraErrors.CAMERA_READER_FAILED({ where: this.#source.name, got: messageOf(cause), cause });
      return { ending: { reason, pace: 'soon' }, lines: [] };
    }
  }

  async #runProgram(stream: OpenStream): Promise<{ readonly ending: Ending; readonly lines: readonly string[] }> {
    const { program: command, descriptor, secrets } = this.#source;
    const startedAtMs = performance.now();
    try {
      // A stop that came while the stream was set up found no program to signal.
      if (this.#unwanted) return { ending: { reason: undefined, pace: 'soon' }, lines: [] };
      const parameters = this.#source.parameters();
      this.#listener.onStarted(parameters);
      this.#program = new Program({ program: command, parameters, descriptor, pictures: stream.writeEnd, secrets });
    } catch (cause) {
      // Only what no program can be given as a parameter, such as a text with a zero byte.
      const reason = cameraErrors.CAMERA_PIPELINE_WRONG({ where: this.#source.name, got: messageOf(cause), cause });
      return { ending: { reason, pace: 'patient' }, lines: [] };
    } finally {
      // The program has an end of its own now; with ours closed, its end is the end of the stream.
      stream.writeEnd.destroy();
    }
    let running = true;
    void stream.ended.then((end) => {
      if (!running) return;
      const reason = this.#faultOf(end);
      if (reason === undefined) this.#listener.onHungUp();
      else this.#listener.onFault(reason);
    });
    const end = await this.#program.ended;
    running = false;
    const streamEnd = await this.#readOut(stream);
    const ending = this.#source.explain(end, performance.now() - startedAtMs);
    const cut = streamEnd.midway && end.exitCode === 0;
    const reason = this.#faultOf(streamEnd) ?? (cut ? this.#truncated('the program ended within it') : ending.reason);
    return { ending: { ...ending, reason }, lines: end.lines };
  }

  async #readOut(stream: OpenStream): Promise<StreamEnd> {
    const enough = new AbortController();
    // Once enough is aborted the sleep ends too: to close a stream that has ended does nothing.
    void sleep(READ_OUT_MS, enough.signal).then(() => stream.close());
    const end = await stream.ended;
    enough.abort();
    return end;
  }

  #faultOf({ fault }: StreamEnd): JidokaError | undefined {
    if (fault === undefined) return undefined;
    const details = { where: this.#source.name, got: fault.text };
    switch (fault.kind) {
      case 'malformed':
        return cameraErrors.CAMERA_STREAM_MALFORMED(details);
      case 'truncated':
        return this.#truncated(fault.text);
      case 'unusable-format':
        return cameraErrors.CAMERA_FORMAT_UNUSABLE(details);
      case 'unreadable':
        return cameraErrors.CAMERA_READER_FAILED(details);
    }
  }

  #truncated(got: string): JidokaError {
    return cameraErrors.CAMERA_STREAM_TRUNCATED({ where: this.#source.name, got });
  }
}
