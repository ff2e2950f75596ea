import type { Command } from 'commander';
import { cameraCalibrateCommand } from './camera-calibrate.js';
import { registerCameraList } from './camera-list.js';
import { registerCameraSnapshot } from './camera-snapshot.js';
import { registerCameraTest } from './camera-test.js';

export function registerCamera(program: Command): void {
  const camera = program.command('camera').description('find cameras, try and calibrate those of the configuration');
  registerCameraList(camera);
  registerCameraSnapshot(camera);
  registerCameraTest(camera);
  camera.addCommand(cameraCalibrateCommand());
}
