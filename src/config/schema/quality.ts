import { z } from 'zod';
import { probability } from './common.js';

const grey = z.number().min(0).max(255);

export const qualitySchema = z
  .strictObject({
    reference: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File that `jidoka camera calibrate` has written: what the scene looked like at commissioning. Needed for the keys that compare with it.',
      )
      .meta({ examples: ['quality/press-1.json'] }),
    minimumBrightness: grey.optional().describe('Mean grey level, 0 to 255, below which a picture is too dark.'),
    maximumBrightness: grey.optional().describe('Mean grey level above which it is too bright.'),
    minimumLight: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .describe(
        'Light on what stands still in the picture, below which it is too dark; 1 is the light of the reference. Finer than the brightness, since the part has no say in it. Needs `reference`.',
      ),
    maximumLight: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .describe('Light on what stands still above which it is too bright. Needs `reference`.'),
    maximumSaturated: probability
      .optional()
      .describe('Share of white pixels (250 and more) above which it is too bright.'),
    minimumSharpness: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .describe('Fine detail in relation to the brightness, below which it is blurred. Take it from the calibration.'),
    maximumDeviation: grey
      .optional()
      .describe(
        'Mean difference in grey levels from the reference, above which no part is in view. Needs `reference`.',
      ),
    minimumPresence: grey
      .optional()
      .describe(
        'Mean difference in grey levels from the empty scene, below which no part is in view. Needs a `reference` that was made with `--empty` too.',
      ),
    minimumMatch: z
      .number()
      .min(-1)
      .max(1)
      .optional()
      .describe(
        'Correlation of what stands still in the picture with the reference, below which the camera has moved. Needs `reference`.',
      ),
    maximumShift: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "Share of the picture's width by which the scene may be shifted against the reference. Needs `reference`.",
      ),
    warnAfter: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(5)
      .describe('The health warns of the camera when so many pictures in a row were refused.'),
  })
  .describe(
    'Pictures that no model should judge: such a part goes to review. `jidoka camera calibrate` proposes these.',
  );
export type QualityConfig = z.infer<typeof qualitySchema>;
