/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Holds the size of a camera's pictures: the configured one, else that of the first picture. A picture of another size
 * shows other parts of the scene in the station's region, which must not be judged as if nothing had happened.
 */
export class SizeGuard {
  #expected: Size | undefined;

  constructor(configured?: Size) {
    this.#expected = configured;
  }

  get expected(): Size | undefined {
    return this.#expected;
  }

  admits(size: Size): boolean {
    this.#expected ??= size;
    return size.width === this.#expected.width && size.height === this.#expected.height;
  }
}

/** `640 x 480`. */
export function sizeText({ width, height }: Size): string {
  return `${width} x ${height}`;
}
