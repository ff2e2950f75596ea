import type { Image, View } from '../domain/frame.js';
import type { ClassifiedImage, Classifier, ClassifierInfo, ClassifyOptions } from '../ports/classifier.js';

/**
 * One classifier for every station that uses the same model on the same providers: the weights are in memory once. It
 * is opened by the first station that starts and closed by the last that stops.
 */
export class SharedClassifier implements Classifier {
  readonly #open: () => Promise<Classifier>;
  #opened: Promise<{ readonly classifier: Classifier; readonly info: ClassifierInfo }> | undefined;
  #users = 0;

  constructor(open: () => Promise<Classifier>) {
    this.#open = open;
  }

  async start(): Promise<ClassifierInfo> {
    this.#users += 1;
    this.#opened ??= this.#open().then(async (classifier) => ({ classifier, info: await classifier.start() }));
    return (await this.#opened).info;
  }

  async classify(image: Image, view: View, options?: ClassifyOptions): Promise<ClassifiedImage> {
    return (await this.#started()).classify(image, view, options);
  }

  async alive(timeoutMs: number): Promise<boolean> {
    return (await this.#started()).alive(timeoutMs);
  }

  async stop(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0 || this.#opened === undefined) return;
    const { classifier } = await this.#opened;
    await classifier.stop();
  }

  async #started(): Promise<Classifier> {
    if (this.#opened === undefined) throw new Error('the classifier was used before it was started');
    return (await this.#opened).classifier;
  }
}
