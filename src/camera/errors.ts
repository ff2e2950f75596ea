import { defineErrors } from '../base/errors.js';

export const cameraErrors = defineErrors({
  CAMERA_FOLDER_MISSING: {
    consequence: 'config',
    summary: 'The folder of images to replay cannot be listed.',
    remedy: "Set the camera's `path` to an existing folder that the agent may read.",
  },
  CAMERA_FOLDER_EMPTY: {
    consequence: 'config',
    summary: 'The folder of images to replay holds no image files.',
    remedy:
      'Put jpg, jpeg, png, bmp, tif, tiff or webp files into it or into its subfolders, or choose another folder.',
  },
  CAMERA_FOLDER_UNREADABLE: {
    consequence: 'transient',
    summary: "The camera's folder cannot be listed at present.",
    remedy: 'Check that the folder exists, that its drive or network share is mounted, and that the agent may read it.',
  },
  CAMERA_FEED_LOST: {
    consequence: 'transient',
    summary: 'The connection to the frame feed is lost.',
    remedy: 'Check that the simulated line runs and that the address in `url` is right; the agent keeps trying.',
  },
  CAMERA_FEED_MALFORMED: {
    consequence: 'transient',
    summary: 'The frame feed sent something that is not a frame.',
    remedy: 'Check that `url` points to the frame feed of a simulated line and not to another service.',
  },
  CAMERA_RENDERER_FAILED: {
    consequence: 'transient',
    summary: 'The thread that renders the simulated frames has ended.',
    remedy: 'The agent starts it again; if this repeats, the gateway may be short of memory.',
  },
});
