import type { UAObject } from 'node-opcua-address-space';
import { DataType, StatusCodes, VariantArrayType } from 'node-opcua-client';
import { Handles } from './handles.js';
import { bindForAll, bindForOperators, boolean, int32, structure, uint32 } from './method-kit.js';
import { METHOD_ERRORS } from './protocol.js';
import { page } from './result-ring.js';
import type { StationParts } from './station-parts.js';
import { configurationId } from './structures.js';

/**
 * The ConfigurationManagement of one station: there is one configuration, that of the gateway's file, and it is active.
 * It changes with a restart only.
 */
export function showConfiguration({ model, settings, access }: StationParts, management: UAObject): void {
  const configuration = model.structure('ConfigurationDataType', {
    hasTransferableDataOnFile: false,
    internalId: configurationId(model, settings),
    lastModified: new Date(settings.startedAtMs),
  });
  const none = model.structure('ConfigurationDataType', {});
  const handles = new Handles();
  const known = (id: string): boolean => id === settings.gateway;
  const errorOf = (id: string): number => (known(id) ? METHOD_ERRORS.OK : METHOD_ERRORS.CONFIGURATION_UNKNOWN);
  model.variable(management, 'ActiveConfiguration').setValueFromSource(structure(configuration), StatusCodes.Good);
  bindForAll(model.method(management, 'GetConfigurationList'), (args) => {
    const found = page([configuration], args.number(1), args.number(0));
    const list = { dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: [...found.items] };
    const handle = uint32(handles.give());
    return [boolean(found.complete), uint32(found.items.length), handle, list, int32(METHOD_ERRORS.OK)];
  });
  bindForAll(model.method(management, 'GetConfigurationById'), (args) => {
    const id = args.id(0);
    const handle = uint32(known(id) ? handles.give() : 0);
    return [handle, structure(known(id) ? configuration : none), int32(errorOf(id))];
  });
  bindForAll(model.method(management, 'ReleaseConfigurationHandle'), (args) => [
    int32(handles.release(args.number(0))),
  ]);
  bindForOperators(model.method(management, 'ActivateConfiguration'), access, (args) => [int32(errorOf(args.id(0)))]);
}
