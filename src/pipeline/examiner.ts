import { JidokaError, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Frame, Image, RawImage, View } from '../domain/frame.js';
import type { ReasonCode } from '../domain/verdict.js';
import type { Camera } from '../ports/camera.js';
import type { Classifier } from '../ports/classifier.js';
import type { ImageDecoder } from '../ports/image-decoder.js';
import type { Evidence } from './judge.js';
import type { QualityGate } from './quality-gate.js';
import type { Areas, Look, RegionView } from './regions.js';

/** From so many regions on it takes less processor time to decode a file once than to cut each region out of it. */
const REGIONS_WORTH_DECODING = 3;

export interface ExaminerOptions {
  readonly camera: Pick<Camera, 'unreadable'>;
  /** Present where pictures are looked at before a model may judge them. */
  readonly quality?: QualityGate;
  readonly decoder?: ImageDecoder;
  readonly logger: Logger;
}

export interface Examined {
  readonly looks: readonly Look[];
  /** Present for a picture that could be decoded. */
  readonly image: Image | undefined;
  /** Tells the camera that the picture could not be read. */
  readonly unreadable?: () => Promise<void>;
}

/** Shows a frame to the model, region by region, and has its quality looked at meanwhile. */
export class Examiner {
  readonly #options: ExaminerOptions;
  readonly #decoded = new WeakMap<Image, Promise<RawImage>>();

  constructor(options: ExaminerOptions) {
    this.#options = options;
  }

  /** @param region the one that shows the part, where each region is a part of its own. Never rejects. */
  async examine(frame: Frame, areas: Areas, region: RegionView | undefined, classifier: Classifier): Promise<Examined> {
    // Both at once: the good picture, which is the rule, does not wait for its measures.
    const [refused, examined] = await Promise.all([
      this.#options.quality?.check(frame.image),
      this.#classify(frame, areas, region, classifier),
    ]);
    // What the model makes of a picture that is not fit to be judged is nothing to go by, not even against the part.
    if (refused === undefined || examined.unreadable !== undefined) return examined;
    return { looks: [{ name: region?.name ?? null, evidence: { failure: refused } }], image: frame.image };
  }

  async #classify(
    frame: Frame,
    areas: Areas,
    region: RegionView | undefined,
    classifier: Classifier,
  ): Promise<Examined> {
    const views = viewsOf(areas, region);
    const image = this.#shared(frame.image, areas);
    const outcomes = await Promise.all(views.map(({ view }) => classified(image, view, classifier)));
    const looks = outcomes.map(({ evidence }, index) => ({ name: views[index]?.name ?? null, evidence }));
    const failure = outcomes.find(({ evidence }) => evidence.failure !== undefined)?.evidence.failure;
    if (failure === undefined) return { looks, image: frame.image };
    this.#options.logger.warn({ file: frame.origin?.name }, `A part goes to review: ${failure.text}`);
    const bad = outcomes.map(({ evidence }) => evidence.failure).find((reason) => reason?.code === 'IMAGE_UNREADABLE');
    if (bad === undefined) return { looks, image: undefined };
    return { looks, image: undefined, unreadable: () => this.#options.camera.unreadable(frame, bad.text) };
  }

  /** The picture that the regions are cut out of: where there are many, its pixels. */
  #shared(image: Image, areas: Areas): Promise<Image> {
    const { decoder } = this.#options;
    const many = areas.kind === 'regions' && areas.regions.length >= REGIONS_WORTH_DECODING;
    if (decoder === undefined || !many || image.kind === 'raw') return Promise.resolve(image);
    const known = this.#decoded.get(image);
    if (known !== undefined) return known;
    const decoded = decoder.toRaw(image);
    this.#decoded.set(image, decoded);
    return decoded;
  }
}

function viewsOf(areas: Areas, region: RegionView | undefined): readonly { name: string | null; view: View }[] {
  if (region !== undefined) return [region];
  return areas.kind === 'whole' ? [{ name: null, view: areas.view }] : areas.regions;
}

async function classified(
  image: Promise<Image>,
  view: View,
  classifier: Classifier,
): Promise<{ readonly evidence: Evidence }> {
  try {
    const { classification } = await classifier.classify(await image, view);
    return { evidence: { classification } };
  } catch (error) {
    const code: ReasonCode =
      error instanceof JidokaError && error.code.startsWith('IMAGE_') ? 'IMAGE_UNREADABLE' : 'INFERENCE_FAILED';
    return { evidence: { failure: { code, text: messageOf(error) } } };
  }
}
