import type { Saying } from '../process/explain.js';
import { installHint } from './packages.js';

const DECODERS =
  'Install the decoders: sudo apt-get install gstreamer1.0-libav gstreamer1.0-plugins-good gstreamer1.0-plugins-bad. The agent tries again by itself.';

/** What `gst-launch-1.0` and the elements behind it say when they end, read from GStreamer 1.22 and Aravis 0.8. */
export const GSTREAMER_SAYINGS: readonly Saying[] = [
  {
    pattern: /no element "([^"]+)"/,
    code: 'CAMERA_PLUGIN_MISSING',
    hint: ([, element = '']) => installHint(element),
    patient: true,
  },
  { pattern: /Missing decoder|missing a plug-in/i, code: 'CAMERA_PLUGIN_MISSING', hint: () => DECODERS, patient: true },
  { pattern: /no property "[^"]+" in element/, code: 'CAMERA_PIPELINE_WRONG', patient: true },
  { pattern: /could not set property/i, code: 'CAMERA_PIPELINE_WRONG', patient: true },
  { pattern: /erroneous pipeline/, code: 'CAMERA_PIPELINE_WRONG', patient: true },
  { pattern: /Unauthorized|not authorized|\b401\b/i, code: 'CAMERA_LOGIN_REFUSED', patient: true },
  { pattern: /Forbidden|\(403\)/, code: 'CAMERA_LOGIN_REFUSED', patient: true },
  {
    pattern:
      /Controller privilege required|access[ -]denied|control access|Device or resource busy|Device .* is busy|in use by/i,
    code: 'CAMERA_IN_USE',
  },
  { pattern: /Permission denied|Operation not permitted/i, code: 'CAMERA_ACCESS_DENIED' },
  { pattern: /Could not find camera|Device '.*' not found/, code: 'CAMERA_NOT_FOUND' },
  { pattern: /Could not find any supported camera|No such device|Cannot identify device/i, code: 'CAMERA_NOT_FOUND' },
  { pattern: /Could not set caps on camera/, code: 'CAMERA_SETTING_REFUSED', patient: true },
  {
    pattern: /(Could not resolve|Connection refused|No route to host|Network is unreachable)/i,
    code: 'CAMERA_UNREACHABLE',
  },
  { pattern: /Failed to connect|Could not connect|timed? ?out/i, code: 'CAMERA_UNREACHABLE' },
  { pattern: /\(404\)|No such file/, code: 'CAMERA_STREAM_NOT_FOUND' },
  { pattern: /not-negotiated|not negotiated/, code: 'CAMERA_FORMAT_UNUSABLE' },
  { pattern: /Internal data stream error|Could not read from resource/, code: 'CAMERA_STREAM_ENDED' },
];
