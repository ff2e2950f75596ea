import { type Assertion, assertions } from '../../test/sparkplug/assertions.js';
import { checks, whyNotApplicable } from '../../test/sparkplug/checks/index.js';

const INTRODUCTION = `# Sparkplug B: the assertions one by one

Generated from the list of assertions and the tests: \`npm run docs\`.

The assertions of the Sparkplug 3.0 specification that bear on an edge node, in our words, each with what became of it.
"Honoured" means that the test \`tck-id-…\` of that name in \`test/sparkplug/conformance.test.ts\` examines recordings of
the real agent with real brokers (MQTT 5 and 3.1.1, rebirth, lost camera, killed broker, killed agent, primary host, two
servers) and that the same test is shown to fail on a recording with that fault (\`test/sparkplug/checks.test.ts\`).
Payloads are decoded by protoc, by Wireshark's dissector and by a host application of another implementation, never by
the agent's own code. The specification's own test kit has not been run: this is a test against its list of assertions.
`;

/** docs/sparkplug-conformance.md */
export function renderSparkplugTable(): string {
  const areas = [...new Set(assertions.map(({ area }) => area))];
  const sections = areas.map((area) => {
    const rows = assertions.filter((assertion) => assertion.area === area).map(row);
    return [`## ${area}`, '', '| assertion `tck-id-…` | meaning | |', '|---|---|---|', ...rows, ''].join('\n');
  });
  return [INTRODUCTION, summary(), ...sections].join('\n');
}

function summary(): string {
  const count = (kind: Assertion['kind']): string => {
    const all = assertions.filter((assertion) => assertion.kind === kind);
    return `${all.filter(isHonoured).length} of ${all.length}`;
  };
  const rows = [
    `| core | ${count('core')} |`,
    `| only where property sets, data sets or templates are used | ${count('conditional')}; the rest does not apply |`,
    `| commands that hosts send, which must be accepted | ${count('host')} |`,
  ];
  return ['| assertions | honoured |', '|---|---|', ...rows, ''].join('\n');
}

function row(assertion: Assertion): string {
  const { id, meaning } = assertion;
  const result = isHonoured(assertion) ? 'honoured' : `not applicable: ${whyNotApplicable(assertion) ?? 'no test'}`;
  return `| \`${id}\` | ${meaning} | ${result} |`;
}

function isHonoured(assertion: Assertion): boolean {
  return checks[assertion.id] !== undefined && whyNotApplicable(assertion) === undefined;
}
