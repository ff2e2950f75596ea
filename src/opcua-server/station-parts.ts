import type { UAObject } from 'node-opcua-address-space';
import type { Access } from './access.js';
import type { Calls } from './calls.js';
import type { ServerSettings } from './protocol.js';
import type { VisionModel } from './vision-model.js';

/** What the parts of a shown station are made of. */
export interface StationParts {
  readonly model: VisionModel;
  /** In which the vision system is put. */
  readonly folder: UAObject;
  readonly station: ServerSettings['stations'][number];
  readonly settings: ServerSettings;
  readonly access: Access;
  readonly calls: Calls;
}
