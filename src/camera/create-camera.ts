import type { CameraConfig } from '../config/schema/camera.js';
import type { Camera } from '../ports/camera.js';
import type { CameraDeps } from './camera-deps.js';
import { DirectoryCamera } from './directory/directory-camera.js';
import { FfmpegSource } from './ffmpeg/ffmpeg-source.js';
import { gstreamerSource } from './gstreamer/pipelines.js';
import { HttpCamera } from './http/http-camera.js';
import { ProcessCamera } from './process/process-camera.js';
import { ReplayCamera } from './replay/replay-camera.js';
import { FeedCamera } from './simulated/feed-camera.js';
import { RenderedCamera } from './simulated/rendered-camera.js';

/** The camera a station's config asks for. Opens nothing. */
export function createCamera(config: CameraConfig, deps: CameraDeps): Camera {
  switch (config.kind) {
    case 'directory':
      return new DirectoryCamera(config, deps);
    case 'replay':
      return new ReplayCamera(config, deps);
    case 'simulated':
      return config.url === undefined ? new RenderedCamera(config, deps) : new FeedCamera({ url: config.url }, deps);
    case 'http':
      return new HttpCamera(config, deps);
    case 'gstreamer':
    case 'gige':
    case 'v4l2':
    case 'rtsp':
    case 'libcamera':
      return new ProcessCamera(gstreamerSource(config, deps), deps);
    case 'ffmpeg':
      return new ProcessCamera(new FfmpegSource(config, deps), deps);
  }
}
