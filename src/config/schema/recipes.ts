import { z } from 'zod';
import { modelSchema, verdictSchema } from './judging.js';
import { passesNeededSchema, rectangle, regionsSchema } from './regions.js';

/** What a PLC may call a recipe: a text of any script, without invisible characters or spaces at the ends. */
export const recipeNameSchema = z
  .string()
  .regex(/^[^\p{C}\s]([^\p{C}]*[^\p{C}\s])?$/u, 'use visible characters, without a space at either end')
  .max(64);

export const recipeSchema = z
  .strictObject({
    model: modelSchema.optional().describe("The CNN that judges. Default: the station's `model`."),
    verdict: verdictSchema
      .optional()
      .describe("How scores become a verdict, in place of the station's `verdict` as a whole. Default: the station's."),
    region: z
      .strictObject(rectangle)
      .optional()
      .describe('The part of the picture that is inspected, before rotation. Default: as the station has it.'),
    regions: regionsSchema.optional(),
    passesNeeded: passesNeededSchema.optional(),
  })
  .describe('How one product is inspected.');
export type RecipeConfig = z.infer<typeof recipeSchema>;

export const recipesSchema = z
  .record(recipeNameSchema, recipeSchema)
  .describe(
    'How each product is inspected, by the name that the PLC or a command gives. What a recipe does not say is as the station has it. A part with a name that is not here goes to review.',
  );
