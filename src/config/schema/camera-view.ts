import { z } from 'zod';

/** What every kind of camera has: the part of its picture that the model sees. */
export const view = {
  region: z
    .strictObject({
      left: z.number().int().min(0).describe('Pixels from the left edge of the picture.'),
      top: z.number().int().min(0).describe('Pixels from the top edge of the picture.'),
      width: z.number().int().min(1).describe('Width in pixels.'),
      height: z.number().int().min(1).describe('Height in pixels.'),
    })
    .optional()
    .describe('The part of the picture that is inspected, before rotation. Default: all of it.'),
  rotate: z
    .union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)])
    .default(0)
    .describe('Degrees clockwise by which the region is turned before the model sees it.'),
  color: z
    .enum(['grey', 'rgb'])
    .default('rgb')
    .describe(
      'What the model sees of a colour picture. `grey`: brightness alone. A grey picture stays grey either way.',
    ),
};
