import type { Command } from 'commander';
import { cameraCalibrateCommand } from './camera-calibrate.js';

export function registerCamera(program: Command): void {
  const camera = program.command('camera').description('look after the cameras of a configuration');
  camera.addCommand(cameraCalibrateCommand());
}
