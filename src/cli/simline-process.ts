import { startSimulatedLine } from '../simline/simulated-line.js';

/** What the demo asks of the line's process, as the one argument: JSON. */
export interface SimlineOptions {
  readonly seed: number;
  readonly partsPerSecond: number;
}

// The simulated line lives in a process of its own, so that the agent can reach it over the real protocols alone. It
// ends with its parent: Ctrl-C reaches both, but the agent needs the broker until it has said goodbye.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const line = await startSimulatedLine(JSON.parse(process.argv[2] ?? '{}') as SimlineOptions);
process.once('disconnect', async () => {
  await line.stop();
  process.exit(0);
});
process.send?.({
  mqttUrl: line.mqttUrl,
  opcuaEndpoint: line.opcuaEndpoint,
  cameraUrl: line.cameraUrl,
  notices: line.notices,
});
