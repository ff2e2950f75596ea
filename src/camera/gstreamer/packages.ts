/** The Debian package of an element, by the beginning of its name. The first that fits counts. */
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^aravissrc$/, 'libaravis-0.8-0'],
  [/^libcamera/, 'gstreamer1.0-libcamera'],
  [/^av(dec|enc|demux|mux)_/, 'gstreamer1.0-libav'],
  [/^(x264enc|a52dec|mpeg2dec|asfdemux|rmdemux)$/, 'gstreamer1.0-plugins-ugly'],
  [/^(vaapi|vaapipostproc)/, 'gstreamer1.0-vaapi'],
  [
    /^(gdp|bayer2rgb|rgb2bayer|h26[45]parse|openh264|va[a-z0-9]+|shm|srt|rtmp|dvb|decklink|kms|webrtc|autovideoconvert|de265|libde265|avtp|rfbsrc|curl|dash|hls|mpegts|tsdemux|v4l2codecs)/,
    'gstreamer1.0-plugins-bad',
  ],
  [
    /^(v4l2|rtsp|rtp|udp|multiudp|jpeg|png|multipart|souphttp|matroska|qtdemux|mp4|avidemux|flv|videocrop|videoflip|videobox|videobalance|gamma|multifile|image|deinterlace|dv|vp[89]|y4m|ximagesrc|autovideo)/,
    'gstreamer1.0-plugins-good',
  ],
  [
    /^(video|decodebin|uridecodebin|urisourcebin|playbin|parsebin|app|tcp|compositor|gio|ogg|theora|rawvideoparse|clocksync)/,
    'gstreamer1.0-plugins-base',
  ],
  [/^(queue|tee|fdsink|fdsrc|filesrc|capsfilter|identity|fakesink|concat|valve|funnel)/, 'libgstreamer1.0-0'],
];

/** How to get an element that is missing; undefined where its package is not known. */
export function installHint(element: string): string | undefined {
  const found = PACKAGES.find(([pattern]) => pattern.test(element));
  return found && `Install it: sudo apt-get install ${found[1]}. The agent tries again by itself.`;
}

export const GSTREAMER_INSTALL =
  'sudo apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad';
