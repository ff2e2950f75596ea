import { z } from 'zod';

/** Names that appear in topics, file names and database rows. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or a digit');

/** Names of the variants of a model package. */
export const variantNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'use 1 to 32 of a-z, 0-9, - and _, beginning with a letter or a digit');

/** Where a secret is kept; the YAML never holds the secret itself. */
export const secretSchema = z
  .union([
    z.strictObject({ env: z.string().min(1).describe('Name of an environment variable.') }),
    z.strictObject({ file: z.string().min(1).describe('Path of a file that holds the secret and nothing else.') }),
    z.strictObject({
      credential: z.string().min(1).describe('Name of a systemd credential (`LoadCredential=` in the unit).'),
    }),
  ])
  .meta({
    // The id makes it a definition of its own in the JSON Schema, by which messages and documents know a secret.
    id: 'secret',
    description: 'Reference to a secret: `{ env: NAME }`, `{ file: PATH }` or `{ credential: NAME }`.',
  });
export type SecretReference = z.infer<typeof secretSchema>;

export const positiveMs = z.number().int().min(1).max(86_400_000);
export const port = z.number().int().min(1).max(65_535);
export const probability = z.number().min(0).max(1);
