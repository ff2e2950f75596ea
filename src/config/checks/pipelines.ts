import { ShellWordsError, shellWords } from '../../base/shell-words.js';
import type { Finding } from '../problem.js';
import { code } from '../wording.js';
import { checkLogin, checkUserInfo } from './connections.js';
import type { Cursor } from './cursor.js';

/** What cameras behind GStreamer and FFmpeg need besides the schema. */
export function checkPipelines(root: Cursor): readonly Finding[] {
  return root.at('stations').items.flatMap((station) => {
    const camera = station.at('camera');
    switch (camera.at('kind').text) {
      case 'gstreamer':
        return checkPipeline(camera.at('pipeline'));
      case 'gige':
        return checkGige(camera);
      case 'rtsp':
        return checkLogin(camera);
      case 'ffmpeg':
        return checkFfmpeg(camera);
      default:
        return [];
    }
  });
}

function checkPipeline(pipeline: Cursor): readonly Finding[] {
  const { text, path } = pipeline;
  if (text === undefined) return [];
  const finding = (what: string, instead: string): readonly Finding[] => [{ path, at: 'value', what, instead }];
  const words = wordsOf(text);
  if (words instanceof ShellWordsError) {
    return finding(
      `The pipeline cannot be read: ${words.message}.`,
      'Write it as in a shell: quotation marks in pairs.',
    );
  }
  const [first, last] = [words[0], words.at(-1)];
  if (first === undefined || first === '!' || last === '!') {
    const what = 'The pipeline begins or ends with `!`, or is empty.';
    return finding(what, 'Begin with the source, and end with the last element before the sink.');
  }
  if (/(^|\/)gst-launch/.test(first)) {
    return finding('The pipeline begins with the command.', `Leave ${code(first)} and its options out.`);
  }
  const sink = words.slice(words.lastIndexOf('!') + 1).find((word) => /^[a-z0-9]+sink$/.test(word));
  if (sink !== undefined) {
    return finding(`The pipeline ends in the sink ${code(sink)}.`, 'Leave the sink out; jidoka puts its own there.');
  }
  if (words.some((word) => /^(user-)?(pw|password)=|:\/\/[^/\s@]+:[^/\s@]+@/.test(word))) {
    const what = 'The pipeline holds a password in plain text.';
    return finding(what, 'Use `kind: rtsp` with `username` and `password: { credential: NAME }`.');
  }
  return [];
}

function wordsOf(text: string): readonly string[] | ShellWordsError {
  try {
    return shellWords(text);
  } catch (error) {
    if (error instanceof ShellWordsError) return error;
    throw error;
  }
}

function checkGige(camera: Cursor): readonly Finding[] {
  const [mode, edge] = [camera.at('triggerMode'), camera.at('triggerEdge')];
  if (!edge.exists || (mode.exists && mode.text !== 'off')) return [];
  const what = 'There is a `triggerEdge` without a trigger line.';
  return [{ path: edge.path, at: 'key', what, instead: 'Add `triggerMode: line0`, or remove the edge.' }];
}

function checkFfmpeg(camera: Cursor): readonly Finding[] {
  const [input, username] = [camera.at('input'), camera.at('username')];
  const findings = [...checkUserInfo(input), ...checkLogin(camera)];
  if (username.exists && input.text !== undefined && !/^[a-z][a-z0-9+.-]*:\/\//i.test(input.text)) {
    const what = 'A user name is of use for an address alone, and `input` is none.';
    findings.push({ path: username.path, at: 'key', what, instead: 'Remove `username` and `password`.' });
  }
  return findings;
}
