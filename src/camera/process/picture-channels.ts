import { PictureChannel } from './picture-channel.js';

/** The channel of a camera: made when it is first needed, and anew when its thread has failed. */
export class PictureChannels {
  #channel: Promise<PictureChannel> | undefined;

  async get(): Promise<PictureChannel> {
    const channel = await this.#channel?.catch(() => undefined);
    if (channel !== undefined && !channel.broken) return channel;
    await channel?.close();
    this.#channel = PictureChannel.open();
    return this.#channel;
  }

  async close(): Promise<void> {
    const channel = await this.#channel?.catch(() => undefined);
    this.#channel = undefined;
    await channel?.close();
  }
}
