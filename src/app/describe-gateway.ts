import type { Config } from '../config/schema/index.js';
import type { GatewayDescription } from '../domain/discovery.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import { present } from './present.js';

/** What consumers are told of the gateway: its place and its stations as configured, with the models in use. */
export function describeGateway(
  { gateway, stations }: Config,
  models: readonly { readonly station: string; readonly info: ClassifierInfo }[],
): GatewayDescription {
  const infos = new Map(models.map(({ station, info }) => [station, info]));
  return {
    location: present(gateway.location ?? {}),
    stations: stations.map(({ name, camera, trigger, sensors, recipes }) => {
      const info = infos.get(name);
      return {
        name,
        camera: camera.kind,
        trigger: trigger.kind,
        model:
          info === undefined
            ? null
            : {
                name: info.model.name,
                version: info.model.version,
                labels: info.labels,
                goodLabel: info.goodLabel,
              },
        ...(Object.keys(recipes).length > 0 && { recipes: Object.keys(recipes) }),
        sensors: sensors.map(({ name: sensor, required, ...rest }) => ({
          name: sensor,
          ...present({ unit: rest.unit, min: rest.min, max: rest.max }),
          required,
        })),
      };
    }),
  };
}
