import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MINIMAL, problemsOf } from './helpers.js';

const withCamera = (camera: string): string => MINIMAL.replace('camera: { kind: simulated }', `camera: ${camera}`);
const brief = (camera: string): string[] => problemsOf(withCamera(camera)).map(({ path, what }) => `${path}: ${what}`);

describe('docs/cameras.md', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cameras.md'), 'utf8');
  const examples = [...page.matchAll(/^```yaml\ncamera:\n(.*?)^```$/gms)].map(([, body = '']) => body);

  it('has examples of every kind that it is about', () => {
    const kinds = examples.map((example) => /kind: (\w+)/.exec(example)?.[1]);
    expect([...new Set(kinds)].sort()).toEqual(['ffmpeg', 'gige', 'gstreamer', 'libcamera', 'rtsp', 'v4l2']);
  });

  it.each(examples)('has an example that is right: %s', (example) => {
    const indented = example.replace(/^ {2}/gm, '      ');
    expect(problemsOf(withCamera(`\n${indented}`))).toEqual([]);
  });
});

describe('the pipeline of a camera', () => {
  const pipeline = (text: string): string[] => brief(`{ kind: gstreamer, pipeline: ${JSON.stringify(text)} }`);

  it('is taken as a shell would take it', () => {
    expect(pipeline(`filesrc location='a "b".mp4' ! decodebin ! videocrop top=10`)).toEqual([]);
    expect(pipeline('tee name=t t. ! queue ! fakesink t. ! queue')).toEqual([]);
  });

  it.each<[string, string]>([
    ["filesrc location='a.mp4 ! decodebin", "The pipeline cannot be read: a quotation mark (') is not closed."],
    ['gst-launch-1.0 -v v4l2src', 'The pipeline begins with the command.'],
    ['v4l2src ! videoconvert ! autovideosink sync=false', 'The pipeline ends in the sink "autovideosink".'],
    ['v4l2src !', 'The pipeline begins or ends with `!`, or is empty.'],
    ['  ', 'The pipeline begins or ends with `!`, or is empty.'],
    ['rtspsrc location=rtsp://a/ user-id=u user-pw=p ! decodebin', 'The pipeline holds a password in plain text.'],
    ['rtspsrc location=rtsp://u:p@a/ ! decodebin', 'The pipeline holds a password in plain text.'],
  ])('is refused: %s', (text, what) => {
    expect(pipeline(text)).toEqual([expect.stringContaining('stations[0].camera.pipeline: ')]);
    expect(pipeline(text)[0]?.replaceAll('`', '"')).toContain(what.replaceAll('`', '"'));
  });
});

describe('the other cameras', () => {
  it.each<[string, string]>([
    ['{ kind: gige, triggerEdge: rising, triggerMode: off }', 'There is a `triggerEdge` without a trigger line.'],
    ['{ kind: gige, triggerEdge: rising }', 'There is a `triggerEdge` without a trigger line.'],
    ['{ kind: rtsp, url: "rtsp://10.0.0.5/", username: viewer }', 'There is a `username` without a `password`.'],
    ['{ kind: rtsp, url: "rtsp://u:p@10.0.0.5/" }', 'holds a user name or a password in plain text.'],
    ['{ kind: ffmpeg, input: "rtsp://u:p@10.0.0.5/" }', 'holds a user name or a password in plain text.'],
    [
      '{ kind: ffmpeg, input: "rtsp://10.0.0.5/", password: { env: P } }',
      'There is a `password` without a `username`.',
    ],
    ['{ kind: ffmpeg, input: a.mp4, username: u, password: { env: P } }', 'A user name is of use for an address alone'],
    ['{ kind: gige, features: ["Gamma = 1"] }', 'rite it as NAME=VALUE'],
    ['{ kind: v4l2, device: video0 }', 'rite the whole path'],
    ['{ kind: v4l2, controls: { Exposure: 1 } }', 'v4l2-ctl --list-ctrls'],
  ])('are checked: %s', (camera, what) => {
    const problems = problemsOf(withCamera(camera)).map((problem) => `${problem.what} ${problem.instead}`);
    expect(problems).toEqual([expect.stringContaining(what)]);
  });
});
