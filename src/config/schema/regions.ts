import { z } from 'zod';
import { nameSchema } from './common.js';

/** A rectangle in pixels of the camera's picture, before rotation. */
export const rectangle = {
  left: z.number().int().min(0).describe('Pixels from the left edge of the picture.'),
  top: z.number().int().min(0).describe('Pixels from the top edge of the picture.'),
  width: z.number().int().min(1).describe('Width in pixels.'),
  height: z.number().int().min(1).describe('Height in pixels.'),
};

export const regionsSchema = z
  .array(
    z
      .strictObject({
        name: nameSchema.describe('Name of the region in messages.').meta({ examples: ['left'] }),
        ...rectangle,
      })
      .describe('One region of the picture.'),
  )
  .min(1)
  .max(64)
  .describe(
    "Parts of the picture that are judged each by itself, before rotation; instead of the camera's `region`. The part's verdict follows from theirs.",
  );

export const passesNeededSchema = z
  .number()
  .int()
  .min(1)
  .max(64)
  .describe(
    'The part passes when so many of its `regions` pass. Default: every region must pass, and one that fails fails the part.',
  );

export const partsSchema = z
  .enum(['one', 'each-region'])
  .describe(
    '`one`: the picture shows one part, whatever the number of `regions`. `each-region`: every region shows a part of its own, with an inspection of its own.',
  );
