import { normalize } from 'node:path';
import type { Finding } from '../problem.js';
import { code, listing, nearest } from '../wording.js';
import type { Cursor } from './cursor.js';
import { checkPlc } from './plc.js';

/** What stations need besides the schema: unique names, connections that exist, windows that can be met. */
export function checkStations(root: Cursor): readonly Finding[] {
  const stations = root.at('stations').items;
  return [
    ...checkUnique(
      stations.map((station) => station.at('name')),
      'station',
    ),
    ...stations.flatMap((station) => checkSensors(station)),
    ...checkReferences(root, stations),
    ...checkFolders(stations),
    ...checkPlc(stations),
  ];
}

function checkUnique(names: readonly Cursor[], kind: string): readonly Finding[] {
  const seen = new Map<string, number>();
  return names.flatMap((name, index): Finding[] => {
    if (name.text === undefined) return [];
    const first = seen.get(name.text);
    if (first === undefined) {
      seen.set(name.text, index);
      return [];
    }
    const what = `The name ${code(name.text)} is taken by ${kind} ${first + 1} of the list.`;
    return [{ path: name.path, at: 'value', what, instead: `Give each ${kind} a name of its own.` }];
  });
}

function checkSensors(station: Cursor): readonly Finding[] {
  const sensors = station.at('sensors').items;
  return [
    ...checkUnique(
      sensors.map((sensor) => sensor.at('name')),
      'sensor',
    ),
    ...sensors.flatMap((sensor): Finding[] => {
      const [min, max] = [sensor.at('min').number, sensor.at('max').number];
      if (min === undefined || max === undefined || min < max) return [];
      const what = `No value can lie between min ${min} and max ${max}.`;
      return [{ path: sensor.at('min').path, at: 'value', what, instead: 'Write a `min` that is less than `max`.' }];
    }),
  ];
}

/** The parts of a station that talk to an OPC UA server. */
function usersOf(station: Cursor): readonly Cursor[] {
  const [trigger, plc] = [station.at('trigger'), station.at('output').at('plc')];
  return [
    ...(trigger.at('kind').text === 'tag' ? [trigger] : []),
    ...station.at('sensors').items.filter((sensor) => sensor.entries.length > 0),
    ...(plc.exists ? [plc] : []),
  ];
}

function checkReferences(root: Cursor, stations: readonly Cursor[]): readonly Finding[] {
  const names = root.at('opcua').entries.map(([name]) => name);
  const users = stations.flatMap(usersOf);
  const [first] = users;
  if (first === undefined) return [];
  if (names.length === 0) {
    const count = users.length === 1 ? 'this' : `this and ${users.length - 1} more`;
    const what = `A server is needed for ${count}, and none is configured under \`opcua\`.`;
    const instead = 'Add at the top of the file `opcua: { plc1: { endpoint: "opc.tcp://HOST:4840" } }`.';
    const named = first.at('connection').exists;
    return [{ path: named ? first.at('connection').path : first.path, at: 'value', what, instead }];
  }
  return users.flatMap((user): Finding[] => {
    const connection = user.at('connection');
    if (!connection.exists && names.length > 1) {
      const what = `It is not said which server this is on: ${names.length} are configured under \`opcua\`.`;
      return [
        { path: connection.path, at: 'missing', what, instead: `Add \`connection:\` with one of ${listing(names)}.` },
      ];
    }
    const { text } = connection;
    if (text === undefined || names.includes(text)) return [];
    const meant = nearest(text, names);
    const what = `There is no server ${code(text)} under \`opcua\`.`;
    const instead = meant === undefined ? `Write one of ${listing(names)}.` : `Did you mean ${code(meant)}?`;
    return [{ path: connection.path, at: 'value', what, instead }];
  });
}

/** Two stations on one folder would take each other's files. */
function checkFolders(stations: readonly Cursor[]): readonly Finding[] {
  const seen = new Map<string, number>();
  return stations.flatMap((station, index): Finding[] => {
    const [camera, path] = [station.at('camera'), station.at('camera').at('path')];
    if (camera.at('kind').text !== 'directory' || path.text === undefined) return [];
    const folder = normalize(path.text).replace(/(?<=.)[\\/]+$/, '');
    const first = seen.get(folder);
    if (first === undefined) {
      seen.set(folder, index);
      return [];
    }
    const what = `The folder ${code(path.text)} is watched by station ${first + 1} of the list already.`;
    return [{ path: path.path, at: 'value', what, instead: 'Give each station a folder of its own.' }];
  });
}
