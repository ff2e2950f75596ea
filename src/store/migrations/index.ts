import type { Migration } from '../migrate.js';
import { initial } from './0001-initial.js';
import { destinations } from './0002-destinations.js';
import { plantSide } from './0003-plant-side.js';

/** Forward only: a released migration is never changed, the next one is added at the end. */
export const MIGRATIONS: readonly Migration[] = [initial, destinations, plantSide];
