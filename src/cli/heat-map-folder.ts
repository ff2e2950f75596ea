import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { ClassifiedImage } from '../ports/classifier.js';
import { visionErrors } from '../vision/errors.js';
import { drawHeatMap } from '../vision/heat-map.js';
import type { ModelPackage } from '../vision/model-package.js';
import { cliErrors } from './errors.js';

export interface HeatMapOptions {
  readonly folder: string;
  /** Whose evidence is drawn; default: of each picture the label that it was given. */
  readonly label: string | undefined;
  readonly maxImagePixels: number;
}

/** A folder of overlays, one PNG a picture, named after it. */
export class HeatMapFolder {
  readonly #taken = new Set<string>();

  private constructor(
    private readonly model: ModelPackage,
    private readonly options: HeatMapOptions,
  ) {}

  /**
   * @throws HEATMAP_NO_MAP, CLI_BAD_OPTION for a label that the model does not have or a folder that cannot be made
   */
  static async open(model: ModelPackage, options: HeatMapOptions): Promise<HeatMapFolder> {
    const { folder, label } = options;
    const { output, labels } = model.manifest;
    if (output.map === null) throw visionErrors.HEATMAP_NO_MAP({ where: model.folder });
    if (label !== undefined && !labels.includes(label)) {
      throw cliErrors.CLI_BAD_OPTION({ where: '--class', got: `"${label}"`, expected: labels.join(', ') });
    }
    await mkdir(folder, { recursive: true }).catch((cause: Error) => {
      throw cliErrors.CLI_BAD_OPTION({ where: '--heatmap', got: cause.message, expected: 'a folder', cause });
    });
    return new HeatMapFolder(model, options);
  }

  /**
   * Draws the overlay of a picture and writes it.
   * @param base the path that the picture was found under: a folder, or the picture itself
   * @returns the file
   */
  async write(file: string, base: string, { image, map, classification }: ClassifiedImage): Promise<string> {
    if (map === undefined) {
      throw visionErrors.INFERENCE_ERROR({ got: 'no class-activation map for this picture' });
    }
    const { label = classification.label, maxImagePixels } = this.options;
    const png = await drawHeatMap(image, map, label, this.model.manifest, maxImagePixels);
    const target = this.#pathFor(file, base);
    await writeFile(target, png);
    return target;
  }

  /**
   * A name that tells which picture it is of: its path below the folder that was given, in one word. Two pictures never
   * share one, also where the file system takes capitals and small letters for the same.
   */
  #pathFor(file: string, base: string): string {
    const inside = relative(file === base ? dirname(file) : base, file);
    const stem = inside.split(/[\\/]/).join('_');
    for (let count = 1; ; count += 1) {
      const path = join(this.options.folder, `${stem}${count === 1 ? '' : `-${count}`}.heat.png`);
      const key = resolve(path).toLowerCase();
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return path;
    }
  }
}
