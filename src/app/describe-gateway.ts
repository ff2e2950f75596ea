import type { Config } from '../config/schema/index.js';
import type { GatewayDescription } from '../domain/discovery.js';
import type { ClassifierInfo } from '../ports/classifier.js';

/** What consumers are told of the gateway: its place and its stations as configured, with the models in use. */
export function describeGateway(
  { gateway, stations }: Config,
  models: readonly { readonly station: string; readonly info: ClassifierInfo }[],
): GatewayDescription {
  const infos = new Map(models.map(({ station, info }) => [station, info]));
  return {
    location: present(gateway.location ?? {}),
    stations: stations.map(({ name, camera, trigger, sensors }) => {
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
        sensors: sensors.map(({ name: sensor, required, ...rest }) => ({
          name: sensor,
          ...present({ unit: rest.unit, min: rest.min, max: rest.max }),
          required,
        })),
      };
    }),
  };
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
