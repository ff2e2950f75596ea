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
  CAMERA_PROGRAM_MISSING: {
    consequence: 'transient',
    summary: 'The program that gets the pictures of the camera is not installed.',
    remedy: 'Install it; the agent tries again by itself and needs no restart.',
  },
  CAMERA_PROGRAM_ENDED: {
    consequence: 'transient',
    summary: 'The program that gets the pictures of the camera has ended.',
    remedy: 'The agent starts it again. If it repeats, run the command of the log by hand and read what it says.',
  },
  CAMERA_PROGRAM_STUCK: {
    consequence: 'transient',
    summary: 'The program of the camera cannot be ended: the system holds it in a driver.',
    remedy: 'Unplug the camera and plug it in again; where that does not help, restart the gateway.',
  },
  CAMERA_PLUGIN_MISSING: {
    consequence: 'transient',
    summary: 'GStreamer lacks an element that the camera needs.',
    remedy:
      'Install its package, for example gstreamer1.0-plugins-good, -plugins-bad or -libav; `gst-inspect-1.0 NAME` tells whether an element is there.',
  },
  CAMERA_PIPELINE_WRONG: {
    consequence: 'transient',
    summary: 'The program does not accept the pipeline or the options of the camera.',
    remedy:
      'Correct them in the configuration and restart jidoka. A pipeline is tried by hand with `gst-launch-1.0 PIPELINE ! fakesink`.',
  },
  CAMERA_SETTING_REFUSED: {
    consequence: 'transient',
    summary: 'The camera does not accept one of its settings.',
    remedy:
      'Compare the names and ranges with those of the camera: `arv-tool-0.8 -n CAMERA features` for GenICam, `v4l2-ctl --list-ctrls` for V4L2.',
  },
  CAMERA_FORMAT_UNUSABLE: {
    consequence: 'transient',
    summary: 'Camera and gateway find no common picture format.',
    remedy:
      'Ask for a size, rate and format that the camera has: `arv-tool-0.8` for GenICam, `v4l2-ctl --list-formats-ext` for V4L2 list them.',
  },
  CAMERA_NOT_FOUND: {
    consequence: 'transient',
    summary: 'There is no such camera.',
    remedy: 'Check its power, its cable and its name or address in the configuration; the agent keeps trying.',
  },
  CAMERA_IN_USE: {
    consequence: 'transient',
    summary: 'Another program holds the camera.',
    remedy: 'Close viewers and other programs that have it open, on other computers too; the agent keeps trying.',
  },
  CAMERA_ACCESS_DENIED: {
    consequence: 'transient',
    summary: 'The agent may not open the camera.',
    remedy:
      'Add the user of the agent to the group of the device (`ls -l` shows it, mostly video or plugdev), and allow the device in the unit: docs/cameras.md has the drop-in.',
  },
  CAMERA_LOGIN_REFUSED: {
    consequence: 'transient',
    summary: 'The camera does not let the agent in.',
    remedy:
      'Check `username` and `password`. The agent tries again seldom, so that the camera does not lock the account.',
  },
  CAMERA_UNREACHABLE: {
    consequence: 'transient',
    summary: 'The camera cannot be reached over the network.',
    remedy: 'Check its power, its cable and its address; the agent keeps trying.',
  },
  CAMERA_STREAM_NOT_FOUND: {
    consequence: 'transient',
    summary: 'The camera or the file system has nothing at this address.',
    remedy: 'Check the path in the configuration; for a camera the manual of this very model and firmware has it.',
  },
  CAMERA_STREAM_ENDED: {
    consequence: 'transient',
    summary: 'The stream of the camera has ended.',
    remedy:
      'The agent opens it again. If it repeats, look at the power and the network of the camera. A film that is to be shown again and again needs an option for that.',
  },
  CAMERA_STALLED: {
    consequence: 'transient',
    summary: 'The camera has stalled: its program runs, but no picture comes any more.',
    remedy:
      'The agent starts it anew. If it repeats, look at the cable, the power and the network. A camera with fewer pictures than one in `stallAfterMs` needs a longer one.',
  },
  CAMERA_NO_PICTURE: {
    consequence: 'transient',
    summary: 'The program of the camera runs, but no first picture has come.',
    remedy:
      'Look whether the camera waits for a trigger, and whether a firewall lets its pictures through. A camera that is slow to start needs a longer `connectTimeoutMs`.',
  },
  CAMERA_SIZE_CHANGED: {
    consequence: 'transient',
    summary: 'The pictures of the camera have another size than before.',
    remedy:
      "The agent opens the camera anew and takes what it then sends. Check whether the station's `region` still shows the part.",
  },
  CAMERA_STREAM_TRUNCATED: {
    consequence: 'transient',
    summary: 'The stream of the camera has been cut in the middle of a picture.',
    remedy: 'The agent opens it anew. If it repeats, look at the cable and at the load of the gateway and the network.',
  },
  CAMERA_STREAM_MALFORMED: {
    consequence: 'transient',
    summary: 'What comes from the program of the camera is no stream of pictures.',
    remedy: 'Leave the sink out of the pipeline, and check that nothing in it writes to the output besides.',
  },
  CAMERA_READER_FAILED: {
    consequence: 'transient',
    summary: 'The thread that reads the pictures of the camera has failed.',
    remedy: 'The agent starts it again; if this repeats, the gateway may be short of memory.',
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
  CAMERA_HTTP_HOST_UNKNOWN: {
    consequence: 'transient',
    summary: 'The name of the camera is not known in the network.',
    remedy: "Check the host name in the camera's `url`, and the gateway's DNS; an IP address will do as well.",
  },
  CAMERA_HTTP_UNREACHABLE: {
    consequence: 'transient',
    summary: 'The camera cannot be reached over the network.',
    remedy: 'Check its power, its cable and the address and port in `url`; the agent keeps trying.',
  },
  CAMERA_HTTP_SLOW: {
    consequence: 'transient',
    summary: 'The camera did not answer in time.',
    remedy:
      'Look whether a browser on this network gets the picture. A camera that is slow by nature needs a longer `connectTimeoutMs` or `stallAfterMs`.',
  },
  CAMERA_HTTP_LOST: {
    consequence: 'transient',
    summary: 'The camera has closed the connection.',
    remedy:
      'The agent connects again. If it repeats, look at the power and the network of the camera, and whether it allows so many viewers.',
  },
  CAMERA_HTTP_STALLED: {
    consequence: 'transient',
    summary: 'The stream of the camera has stalled: the connection stands, but no whole picture comes.',
    remedy:
      'The agent connects again. If it repeats, restart the camera. A stream with fewer pictures than one in `stallAfterMs` needs a longer one.',
  },
  CAMERA_HTTP_TRUNCATED: {
    consequence: 'transient',
    summary: 'The pictures of the camera are cut off: they end before the end of the JPEG.',
    remedy:
      'Look at the cable and at the load of the camera and the network; a smaller picture or a lower rate may help. Cut pictures are never inspected.',
  },
  CAMERA_HTTP_TOO_LARGE: {
    consequence: 'transient',
    summary: 'A picture of the camera is larger than allowed.',
    remedy: 'Set `maxFrameBytes` higher, or the resolution or quality of the camera lower.',
  },
  CAMERA_HTTP_SIZE_CHANGED: {
    consequence: 'transient',
    summary: 'The pictures of the camera have another size than they should, so they are not inspected.',
    remedy:
      "Set the camera back to the expected size. If the new one is meant, check the station's `region`, write it as `size` of the camera (or leave `size` out) and restart jidoka.",
  },
  CAMERA_HTTP_NO_PICTURE: {
    consequence: 'transient',
    summary: 'The answer of the camera is not a picture.',
    remedy:
      "Open `url` in a browser: it must show the picture alone, not the camera's page around it. The manual has the address of the picture or of the MJPEG stream.",
  },
  CAMERA_HTTP_LOGIN: {
    consequence: 'transient',
    summary: 'The camera does not let the agent in.',
    remedy:
      'Check `username` and `password`. The agent tries again seldom, so that the camera does not lock the account.',
  },
  CAMERA_HTTP_FORBIDDEN: {
    consequence: 'transient',
    summary: 'The camera knows the user but does not let it see the picture.',
    remedy: "Give the user the right to view pictures in the camera's own pages.",
  },
  CAMERA_HTTP_NOT_FOUND: {
    consequence: 'transient',
    summary: 'The camera has nothing at this address.',
    remedy: 'Check the path in `url` against the manual of this very model and firmware.',
  },
  CAMERA_HTTP_BUSY: {
    consequence: 'transient',
    summary: 'The camera says that it cannot serve the picture at present.',
    remedy: 'Close other viewers of the camera; many serve only a few at once. If it repeats, restart the camera.',
  },
  CAMERA_HTTP_REFUSED: {
    consequence: 'transient',
    summary: 'The camera answers the request with an error.',
    remedy: 'Check `url` against the manual of the camera; its own log may say more.',
  },
  CAMERA_HTTP_REDIRECT: {
    consequence: 'transient',
    summary: 'The camera sends the agent to another address, which is not followed.',
    remedy: 'If the other address is the right one, write it in `url`.',
  },
  CAMERA_HTTP_PROTOCOL: {
    consequence: 'transient',
    summary: 'What answers at the address of the camera does not speak HTTP as it should.',
    remedy: 'Check the port in `url`, and whether it should begin with `https`.',
  },
  CAMERA_HTTP_TLS: {
    consequence: 'transient',
    summary: 'No encrypted connection to the camera could be made.',
    remedy: 'Check that its port speaks HTTPS, and that the camera is not too old for TLS 1.2.',
  },
  CAMERA_HTTP_CA_FILE: {
    consequence: 'transient',
    summary: "The file with the authority of the camera's certificate cannot be used.",
    remedy: "Check the path in the camera's `tls.ca`; it must be a PEM file that the agent may read.",
  },
});
