import { type Check, type Checks, deviceOf, type Evidence, each, metricsOf, sentOf } from '../view.js';

/** While the line stands still nothing has changed, so nothing is to be said. */
const quietWhenIdle: Check = each(
  (evidence) =>
    evidence.flatMap((recording) => {
      const from = recording.events.findIndex((event) => event.kind === 'mark' && event.text === 'idle');
      const to = recording.events.findIndex((event) => event.kind === 'mark' && event.text === 'busy');
      return from < 0 || to < from ? [] : [{ recording, from, to }];
    }),
  ({ recording, from, to }) => {
    const count = sentOf([recording], 'NDATA', 'DDATA').filter(
      ({ position }) => position > from && position < to,
    ).length;
    return count > 0 && `${recording.scenario}: ${count} messages of data while nothing changed`;
  },
);

const lost = (evidence: Evidence) =>
  evidence.flatMap((recording) =>
    recording.events.flatMap((event, position) =>
      event.kind === 'mark' && event.text === 'camera lost'
        ? [{ recording, position, device: event.device ?? '' }]
        : [],
    ),
  );

/** DDEATH between loss and return, no data of the device meanwhile, and a DBIRTH once it is back. */
const lostDeviceDies: Check = each(lost, ({ recording, position, device }) => {
  const own = sentOf([recording], 'DDEATH', 'DBIRTH', 'DDATA').filter(
    (sent) => sent.position > position && deviceOf(sent.message.topic) === device,
  );
  const death = own.findIndex(({ type }) => type === 'DDEATH');
  if (death < 0) return `${device} was lost and no DDEATH came`;
  const next = own[death + 1];
  if (next === undefined) return `${device} never came back`;
  return next.type !== 'DBIRTH' && `${next.type} of ${device} after its DDEATH`;
});

/** After the NBIRTH no value is sent again with the time it had before. */
const noRepetition: Check = each(
  (evidence) => evidence.flatMap((recording) => sentOf([recording], 'DDATA', 'NDATA')),
  ({ message, before, type }) => {
    const previous = before?.message.topic === message.topic ? metricsOf(before.message) : [];
    return (
      previous.length > 0 &&
      JSON.stringify(previous) === JSON.stringify(metricsOf(message)) &&
      `${type} is a repetition of the message before`
    );
  },
);

export const behaviourChecks: Checks = {
  'principles-rbe-recommended': (evidence) => [...quietWhenIdle(evidence), ...noRepetition(evidence)],
  'operational-behavior-device-ddeath': lostDeviceDies,
};
