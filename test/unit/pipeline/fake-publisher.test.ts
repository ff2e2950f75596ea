import { publisherContract } from '../../contract/publisher.js';
import { FakePublisher } from '../../simulators/fake-publisher.js';

publisherContract('The fake of the delivery tests', () => {
  const publisher = new FakePublisher();
  publisher.automatic = true;
  return Promise.resolve({
    publisher,
    up: () => Promise.resolve(publisher.connect()),
    down: () => Promise.resolve(publisher.disconnect()),
    arrived: () => publisher.takenPayloads,
    dispose: () => Promise.resolve(),
  });
});
