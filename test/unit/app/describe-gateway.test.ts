import { expect, it } from 'vitest';
import { describeGateway } from '#jidoka/app/describe-gateway.js';
import { loadConfig } from '#jidoka/config/load.js';
import { twoClasses } from '../../simulators/ports.js';

const SOURCE = `version: 1
gateway: { name: gw, location: { site: berlin, cell: neck } }
mqtt: { url: "mqtt://broker:1883" }
opcua: { plc: { endpoint: "opc.tcp://plc:4840" } }
stations:
  - name: a
    camera: { kind: simulated }
    model: { package: m/1.0.0 }
    sensors:
      - { name: t, nodeId: i=1, unit: °C, min: 1 }
      - { name: p, nodeId: i=2, required: false }
  - name: b
    camera: { kind: directory, path: /in }
    trigger: { kind: timer, everyMs: 100 }
    model: { package: m/1.0.0 }
`;

it('says where the gateway stands and what each station has, with the models that are loaded', () => {
  const result = loadConfig(SOURCE, 'f.yaml');
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  expect(describeGateway(result.config, [{ station: 'a', info: twoClasses }])).toEqual({
    location: { site: 'berlin', cell: 'neck' },
    stations: [
      {
        name: 'a',
        camera: 'simulated',
        trigger: 'frame',
        model: { name: 'two', version: '1.0.0', labels: ['good', 'bad'], goodLabel: 'good' },
        sensors: [
          { name: 't', unit: '°C', min: 1, required: true },
          { name: 'p', required: false },
        ],
      },
      { name: 'b', camera: 'directory', trigger: 'timer', model: null, sensors: [] },
    ],
  });
});
