import { z } from 'zod';
import { positiveMs } from './common.js';

const MAX_SIDE = 65_535;

/** What every camera has that runs as a program of its own. */
export const supervision = {
  connectTimeoutMs: positiveMs
    .default(15_000)
    .describe('How long it may take from the start of the program to the first picture.'),
  stallAfterMs: positiveMs
    .default(5000)
    .describe('Without a picture for this long the camera has stalled: its program is ended and started anew.'),
  reconnectMaxMs: positiveMs.default(10_000).describe('Longest wait between two starts of the program.'),
};

export const latencyMs = z
  .number()
  .int()
  .min(0)
  .max(60_000)
  .default(0)
  .describe('How old a picture is when the gateway gets it. The capture time is set back by it.');

export const width = z.number().int().min(1).max(MAX_SIDE).optional().describe('Width of the picture in pixels.');
export const height = z.number().int().min(1).max(MAX_SIDE).optional().describe('Height of the picture in pixels.');

export const framesPerSecond = z.number().min(0.01).max(1000).optional();
