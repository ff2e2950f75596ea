import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  ModifyMonitoredItemsRequest,
  type MonitoringParameters,
} from 'node-opcua-client';
import type { OPCUAServer } from 'node-opcua-server';

/** What waits for one subscriber at most; beyond it the oldest is dropped, and the subscriber told so. */
export const MAX_QUEUE = 500;

/**
 * Queues of monitored items as the specification means them: who asks for the smallest queue of events gets one that
 * holds the events of a busy moment. The library would keep the last event alone, and no more than one queue may hold.
 */
export function adjustQueues(server: OPCUAServer): void {
  server.on('request', (request) => {
    if (request instanceof CreateMonitoredItemsRequest) {
      for (const { itemToMonitor, requestedParameters } of request.itemsToCreate ?? []) {
        adjust(requestedParameters, itemToMonitor.attributeId === AttributeIds.EventNotifier);
      }
    } else if (request instanceof ModifyMonitoredItemsRequest) {
      // Which of them are for events is not said; a small queue may be meant.
      for (const { requestedParameters } of request.itemsToModify ?? []) adjust(requestedParameters, false);
    }
  });
}

function adjust(parameters: MonitoringParameters, events: boolean): void {
  if (events && parameters.queueSize <= 1) parameters.queueSize = MAX_QUEUE;
  parameters.queueSize = Math.min(parameters.queueSize, MAX_QUEUE);
}
