import type { Config } from '../config/schema/index.js';
import { MAIN_DESTINATION } from '../config/schema/mqtt.js';
import type { WorkerSettings } from '../store/protocol.js';

/** What the configuration says of the store. */
export function ledgerSettings({ storage, mqtt, destinations }: Config): Omit<WorkerSettings, 'directory' | 'pid'> {
  const { imageQuotaBytes, outboxQuotaBytes, imageDays, inspectionDays, inspectionQuotaBytes } = storage;
  return {
    imageQuotaBytes,
    outboxQuotaBytes,
    retention: { inspectionDays, inspectionQuotaBytes, ...(imageDays !== undefined && { imageDays }) },
    destinations: Object.entries({ ...destinations, [MAIN_DESTINATION]: mqtt }).map(
      ([name, { expireAfterSeconds }]) => ({ name, ...(expireAfterSeconds !== undefined && { expireAfterSeconds }) }),
    ),
  };
}
