import { parentPort } from 'node:worker_threads';
import { PictureStream } from './picture-stream.js';
import type { ReaderReply, ReaderRequest } from './reader-messages.js';

// The thread that reads the pictures of one camera: megabytes a picture pass through it, and the main thread sees none
// of the reading.
if (parentPort === null) throw new Error('reader-worker.js runs as a worker thread');
const port = parentPort;

let current: { readonly life: number; readonly stream: PictureStream } | undefined;

port.on('message', (request: ReaderRequest) => {
  const { life } = request;
  switch (request.kind) {
    case 'connect': {
      current?.stream.close();
      const stream = new PictureStream(request.options, {
        onPicture: (picture) => {
          reply({ kind: 'picture', life, picture }, [picture.image.data.buffer as ArrayBuffer]);
        },
        onEnd: (end) => reply({ kind: 'ended', life, end }),
      });
      current = { life, stream };
      break;
    }
    case 'taken':
      if (current?.life === life) current.stream.taken();
      break;
    case 'disconnect':
      if (current?.life === life) current.stream.close();
      break;
  }
});

function reply(message: ReaderReply, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, [...transfer]);
}
