import type { CameraDeps } from '../camera/camera-deps.js';
import { createCamera } from '../camera/create-camera.js';
import type { SecretReference } from '../config/schema/common.js';
import type { StationConfig } from '../config/schema/station.js';
import type { Camera } from '../ports/camera.js';

/**
 * The camera of a station as its config describes it, whatever its kind. Opens nothing.
 * @throws JidokaError (config) for a secret that cannot be read.
 */
export async function stationCamera(
  { name, camera, trigger }: Pick<StationConfig, 'name' | 'camera' | 'trigger'>,
  deps: Pick<CameraDeps, 'originLog' | 'logger' | 'clock'>,
  secret: (reference: SecretReference) => Promise<string>,
): Promise<Camera> {
  const password = 'password' in camera && camera.password !== undefined ? await secret(camera.password) : undefined;
  return createCamera(camera, {
    ...deps,
    station: name,
    triggered: trigger.kind !== 'frame',
    ...(password !== undefined && { password }),
  });
}
