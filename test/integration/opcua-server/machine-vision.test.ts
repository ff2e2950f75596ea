import { X509Certificate } from 'node:crypto';
import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AsyncuaClient, asyncuaClientAbsent } from '../../simulators/asyncua-client.js';
import { opensslAbsent } from '../../simulators/certificates.js';
import { renderedTiles } from '../agent/line.js';
import {
  automatic,
  cause,
  clientCertificate,
  configurations,
  filter,
  Gateway,
  id,
  int32,
  recipes,
  results,
  start,
  system,
  USERS,
  uint32,
  vision,
} from './gateway.js';

const absent = asyncuaClientAbsent ?? opensslAbsent;
const reason = absent === undefined ? '' : ` (skipped: ${absent})`;
const INSPECTIONS = 'inspections, stations WHERE inspections.station = stations.station';
const COUNT_FLOW = `SELECT count(*) AS count FROM ${INSPECTIONS} AND name = 'flow'`;
const BY = { user: 'op', password: USERS.op };

describe.skipIf(absent !== undefined)(`the gateway as a vision system${reason}`, { timeout: 120_000 }, () => {
  let gateway: Gateway;
  let client: AsyncuaClient;

  beforeAll(async () => {
    gateway = await Gateway.create();
    await gateway.start();
    client = await AsyncuaClient.start();
    await client.connect(gateway.url, BY);
  }, 200_000);

  afterAll(async () => {
    await client.dispose();
    await gateway.dispose();
  });

  const state = async (station: string): Promise<string> => {
    const outer = await client.read([...vision(station), 'CurrentState']);
    const inner = await client.read([...automatic(station), 'CurrentState']);
    return outer.value === 'Operational' ? inner.value : `${outer.value} ${inner.status}`;
  };
  /** Brings a station to Ready from wherever it is. */
  const ready = async (station: string): Promise<void> => {
    await client.call(vision(station), 'Reset', ...cause);
    await client.call(vision(station), 'SelectModeAutomatic');
    expect(await state(station)).toBe('Ready');
  };
  const audit = () =>
    gateway.query<{ name: string; station: string; sender: string; result: string }>(
      "SELECT name, station, sender, result FROM audit WHERE destination = 'opcua' ORDER BY number",
    );

  it('shows each station as an instance of VisionSystemType that executes from the start', async () => {
    expect((await client.browse(['VisionSystems'])).sort()).toEqual(['asked', 'flow', 'folder']);
    expect(await client.type(system('flow'))).toBe('VisionSystemType');
    expect(await client.browse(system('flow'))).toEqual(
      expect.arrayContaining([
        'VisionStateMachine',
        'ResultManagement',
        'RecipeManagement',
        'ConfigurationManagement',
        'SafetyStateManagement',
        'SystemState',
        'Diagnostics',
      ]),
    );
    await client.until([...automatic('flow'), 'CurrentState'], 'ContinuousExecution');
    expect(await state('flow')).toBe('ContinuousExecution');
    expect(await client.read([...automatic('flow'), 'CurrentState', 'Number'])).toMatchObject({ value: 8 });
    expect(await client.read(system('flow', 'SystemState'))).toMatchObject({ value: { State: 1 } });
  });

  it('inspects one part for StartSingleJob, with its ids in the event, the result and the record', async () => {
    await ready('asked');
    await client.subscribe(
      system('asked'),
      'ResultReadyEventType',
      'JobStartedEventType',
      'AcquisitionDoneEventType',
      'ReadyEventType',
      'StateChangedEventType',
    );
    const [job, error] = await client.call(
      automatic('asked'),
      'StartSingleJob',
      ...start({ meas: 'm-1', part: 'p-7' }),
    );
    expect(error).toBe(0);
    const seen = (type: string) => client.events.filter((event) => event.type === type);
    await vi.waitFor(() => expect(seen('ResultReadyEventType')).toHaveLength(1), { timeout: 60_000 });
    await client.until([...automatic('asked'), 'CurrentState'], 'Ready');
    await vi.waitFor(() => expect(seen('ReadyEventType')).toHaveLength(1), { timeout: 60_000 });
    const [event] = seen('ResultReadyEventType');
    expect(event).toMatchObject({ JobId: job, PartId: { Id: 'p-7' }, MeasId: { Id: 'm-1' }, ResultState: 1 });
    expect(event).toMatchObject({ IsSimulated: true, IsPartial: false });
    for (const type of ['JobStartedEventType', 'AcquisitionDoneEventType', 'ReadyEventType']) {
      expect(seen(type), type).toMatchObject([{ JobId: job }]);
    }
    expect(seen('StateChangedEventType').map((one) => one['Transition'])).toEqual([
      'ReadyToSingleExecution',
      'SingleExecutionToReadyAuto',
    ]);

    const { Id: resultId = '' } = (event?.['ResultId'] ?? {}) as { Id?: string };
    const [handle, result, found] = await client.call(
      results('asked'),
      'GetResultById',
      id('ResultId', resultId),
      int32(0),
    );
    expect(found).toBe(0);
    expect(result).toMatchObject({
      ResultId: { Id: resultId },
      PartId: { Id: 'p-7' },
      JobId: job,
      InternalRecipeId: { Id: 'rendered-tile', Version: '1.0.0', HashAlgorithm: 'SHA-256' },
      InternalConfigurationId: { Id: 'mv-gateway' },
    });
    const content = (result as unknown as { ResultContent: { Key: string; Value: unknown }[] }).ResultContent;
    const pairs = Object.fromEntries(content.map(({ Key, Value }) => [Key, Value]));
    const [row] = gateway.query<{ verdict: string; label: string; sha256: string; part_id: string }>(
      `SELECT * FROM inspections WHERE id = '${resultId}'`,
    );
    expect(row).toMatchObject({ verdict: pairs['verdict'], part_id: 'p-7' });
    expect(pairs['class']).toEqual(expect.any(String));
    expect(await client.call(results('asked'), 'ReleaseResultHandle', uint32(handle ?? 0))).toEqual([0]);
    expect(await client.call(results('asked'), 'ReleaseResultHandle', uint32(handle ?? 0))).toEqual([-8]);

    const parts = await client.call(results('asked'), 'GetResultComponentsById', id('ResultId', resultId), int32(0));
    expect(parts.slice(2, 7)).toEqual([
      false,
      true,
      1,
      expect.objectContaining({ Id: 'm-1' }),
      expect.objectContaining({ Id: 'p-7' }),
    ]);
    expect(parts.at(-1)).toBe(0);
    expect(await client.read([...results('asked'), 'Results', 'Newest', 'ResultId'])).toMatchObject({
      value: { Id: resultId },
    });
  });

  it('finds results by what they belong to, in pages, and says where there is none', async () => {
    await ready('asked');
    for (const part of ['list-1', 'list-2', 'list-3']) {
      await client.call(automatic('asked'), 'StartSingleJob', ...start({ meas: 'list', part }));
      await client.until([...automatic('asked'), 'CurrentState'], 'Ready');
    }
    const list = async (given: Parameters<typeof filter>[0]) => {
      const [complete, count, , found, error] = (await client.call(
        results('asked'),
        'GetResultListFiltered',
        ...filter(given),
      )) as unknown as [boolean, number, number, { PartId: { Id: string } }[], number];
      expect(error).toBe(0);
      expect(count).toBe(found.length);
      return [complete, ...found.map(({ PartId }) => PartId.Id)];
    };
    expect(await list({ meas: 'list' })).toEqual([true, 'list-3', 'list-2', 'list-1']);
    expect(await list({ meas: 'list', part: 'list-2' })).toEqual([true, 'list-2']);
    expect(await list({ meas: 'list', most: 2 })).toEqual([false, 'list-3', 'list-2']);
    expect(await list({ meas: 'list', most: 2, from: 2 })).toEqual([true, 'list-1']);
    const unknown = await client.call(results('asked'), 'GetResultById', id('ResultId', 'nothing'), int32(0));
    expect([unknown[0], unknown[2]]).toEqual([0, -6]);
  });

  it('keeps the newest results only', async () => {
    await client.until([...automatic('flow'), 'CurrentState'], 'ContinuousExecution');
    const full = Array.from({ length: 8 }, (_, index) => `Result00${index + 1}`);
    await vi.waitFor(
      async () => expect((await client.browse([...results('flow'), 'Results'])).sort()).toEqual(['Newest', ...full]),
      { timeout: 60_000, interval: 500 },
    );
    const [complete, count] = await client.call(results('flow'), 'GetResultListFiltered', ...filter());
    expect([complete, count]).toEqual([true, 8]);
  });

  it('goes through its states by the methods, and the station is paused and inspects with it', async () => {
    await client.until([...automatic('flow'), 'CurrentState'], 'ContinuousExecution');
    const call = async (path: string[], method: string, ...args: Parameters<typeof client.call>[2][]) => {
      const outputs = await client.call(path, method, ...args);
      expect(outputs.at(-1), method).toBe(0);
      return state('flow');
    };
    expect(await call(automatic('flow'), 'Stop', ...cause)).toBe('Ready');
    const paused = gateway.query<{ count: number }>(COUNT_FLOW);
    expect(await call(vision('flow'), 'Halt', ...cause)).toBe('Halted BadStateNotActive');
    expect(await client.read(system('flow', 'SystemState'))).toMatchObject({ value: { State: 4 } });
    expect(await call(vision('flow'), 'Reset', ...cause)).toBe('Preoperational BadStateNotActive');
    expect(await call(vision('flow'), 'SelectModeAutomatic')).toBe('Ready');
    expect(await call(automatic('flow'), 'StartContinuous', ...start({ meas: 'shift-2' }))).toBe('ContinuousExecution');
    await vi.waitFor(
      () => {
        const now = gateway.query<{ count: number }>(COUNT_FLOW);
        expect(now[0]?.count).toBeGreaterThan((paused[0]?.count ?? 0) + 2);
      },
      { timeout: 60_000, interval: 200 },
    );
    const [, count] = await client.call(results('flow'), 'GetResultListFiltered', ...filter({ meas: 'shift-2' }));
    expect(count).toBeGreaterThan(0);
    expect(await call(automatic('flow'), 'Abort', ...cause)).toBe('Ready');
    const entries = audit().filter(({ station }) => station === 'flow');
    expect(entries.map(({ name, sender }) => `${name} ${sender}`)).toEqual([
      'Stop op',
      'Halt op',
      'Reset op',
      'SelectModeAutomatic op',
      'StartContinuous op',
      'Abort op',
    ]);
  });

  it('refuses what the state does not allow, and has a number for what it cannot do', async () => {
    await ready('asked');
    const refused = expect.objectContaining({ status: 'BadInvalidState' });
    for (const method of ['Stop', 'Abort']) {
      await expect(client.call(automatic('asked'), method, ...cause)).rejects.toEqual(refused);
    }
    await expect(client.call(vision('asked'), 'SelectModeAutomatic')).rejects.toEqual(refused);
    await client.call(vision('asked'), 'Halt', ...cause);
    await expect(client.call(automatic('asked'), 'StartSingleJob', ...start())).rejects.toEqual(refused);
    await expect(client.call(vision('asked'), 'Halt', ...cause)).rejects.toEqual(refused);
    await ready('asked');
    for (const [given, error] of [
      [{ recipe: 'nobody-knows' }, -2],
      [{ product: 'lid' }, -4],
    ] as const) {
      expect(await client.call(automatic('asked'), 'StartSingleJob', ...start(given))).toEqual([{ Id: '' }, error]);
    }
    const long = start({ part: 'x'.repeat(300) });
    await expect(client.call(automatic('asked'), 'StartSingleJob', ...long)).rejects.toEqual(
      expect.objectContaining({ status: 'BadInvalidArgument' }),
    );
    await expect(client.call(automatic('asked'), 'Stop', int32(0))).rejects.toEqual(
      expect.objectContaining({ status: 'BadArgumentsMissing' }),
    );
    expect(await state('asked')).toBe('Ready');
  });

  it('prepares the recipe that selects the model, and tells which it is', async () => {
    await ready('asked');
    const [external, internal] = [id('RecipeIdExternal', 'rendered-tile'), id('RecipeIdInternal')];
    const isPrepared = () => client.read([...recipes('asked'), 'Recipes', 'rendered-tile', 'IsPrepared']);
    const [, count, , list] = await client.call(
      recipes('asked'),
      'GetRecipeListFiltered',
      id('RecipeIdExternal'),
      id('ProductId'),
      int32(1),
      uint32(0),
      uint32(0),
      int32(0),
    );
    expect(count).toBe(1);
    const [recipe] = list as unknown as { Id: string; Hash: string }[];
    const [row] = gateway.query<{ sha256: string }>('SELECT sha256 FROM models LIMIT 1');
    expect(recipe).toMatchObject({ Id: 'rendered-tile', Hash: row?.sha256 });
    expect(await client.call(recipes('asked'), 'UnprepareRecipe', external, internal)).toMatchObject([{}, 0]);
    expect([await state('asked'), await isPrepared()]).toMatchObject(['Initialized', { value: false }]);
    await expect(client.call(automatic('asked'), 'StartSingleJob', ...start())).rejects.toMatchObject({
      status: 'BadInvalidState',
    });
    expect(await client.call(recipes('asked'), 'PrepareRecipe', external, internal)).toMatchObject([
      { Id: 'rendered-tile' },
      true,
      0,
    ]);
    expect([await state('asked'), await isPrepared()]).toMatchObject(['Ready', { value: true }]);
    expect(await client.call(recipes('asked'), 'PrepareRecipe', id('RecipeIdExternal', 'lid'), internal)).toMatchObject(
      [{}, false, -2],
    );
    const [active] = [await client.read([...configurations('asked'), 'ActiveConfiguration'])];
    expect(active).toMatchObject({ value: { InternalId: { Id: 'mv-gateway' } } });
    const activate = (name: string) =>
      client.call(configurations('asked'), 'ActivateConfiguration', id('ConfigurationId', name));
    expect([await activate('mv-gateway'), await activate('other')]).toEqual([[0], [-7]]);
  });

  it('is in error while its camera is, and executes again when that is over', async () => {
    await client.subscribe(system('folder'), 'VisionErrorConditionType');
    await client.until([...automatic('folder'), 'CurrentState'], 'ContinuousExecution');
    const away = join(gateway.folder, 'away');
    await rename(gateway.photos, away);
    await client.until([...vision('folder'), 'CurrentState'], 'Error');
    expect(await client.read(system('folder', 'SystemState'))).toMatchObject({ value: { State: 5 } });
    const conditions = () => client.events.filter(({ type }) => type === 'VisionErrorConditionType');
    await vi.waitFor(() => expect(conditions().at(-1)?.Message).toMatch(/^camera of folder: /), { timeout: 60_000 });
    expect(conditions().at(-1)).toMatchObject({ Retain: true });
    expect(await client.call(vision('folder'), 'ConfirmAll', { type: 'LocalizedText', value: 'ordered' })).toEqual([
      null,
    ]);
    await rename(away, gateway.photos);
    await client.until([...automatic('folder'), 'CurrentState'], 'ContinuousExecution');
    await vi.waitFor(() => expect(conditions().at(-1)).toMatchObject({ Retain: false }), { timeout: 60_000 });
  });

  it('takes the next photograph of a folder for a single job, and leaves the others there', async () => {
    await ready('folder');
    await client.call(automatic('folder'), 'StartSingleJob', ...start({ part: 'photo-1' }));
    expect(await state('folder')).toBe('SingleExecution');
    await client.call(automatic('folder'), 'Abort', ...cause);
    expect(await state('folder')).toBe('Ready');
    await client.call(automatic('folder'), 'StartSingleJob', ...start({ part: 'photo-2' }));
    const tiles = [...(await renderedTiles(2))];
    for (const [name, jpeg] of tiles) {
      await writeFile(join(gateway.folder, name), jpeg);
      await rename(join(gateway.folder, name), join(gateway.photos, name));
    }
    await client.until([...automatic('folder'), 'CurrentState'], 'Ready');
    expect(gateway.query(`SELECT part_id FROM ${INSPECTIONS} AND name = 'folder'`)).toEqual([{ part_id: 'photo-2' }]);
  });

  it('lets nobody in without a name, viewers read, and operators alone call what does something', async () => {
    const other = await AsyncuaClient.start();
    try {
      await expect(other.connect(gateway.url)).rejects.toThrow();
      await expect(other.connect(gateway.url, { user: 'op', password: 'wrong' })).rejects.toMatchObject({
        status: 'BadUserAccessDenied',
      });
      await gateway.agent?.logged(/refused a login: wrong name or password \("op"\)/);
      await other.connect(gateway.url, { user: 'board', password: USERS.board });
      expect(await other.read([...vision('flow'), 'CurrentState'])).toMatchObject({ status: 'Good' });
      const denied = { status: 'BadUserAccessDenied' };
      for (const [path, method, args] of [
        [vision('flow'), 'Halt', cause],
        [automatic('flow'), 'StartSingleJob', start()],
        [recipes('flow'), 'PrepareRecipe', [id('RecipeIdExternal', 'x'), id('RecipeIdInternal')]],
        [system('flow', 'SafetyStateManagement'), 'ReportSafetyState', [{ type: 'Boolean', value: true }, cause[1]]],
      ] as const) {
        await expect(other.call(path, method, ...(args as never[])), method).rejects.toMatchObject(denied);
      }
      expect(await other.read([...vision('flow'), 'Halt'], 'UserExecutable')).toMatchObject({ value: false });
      expect((await other.call(results('flow'), 'GetResultListFiltered', ...filter()))[4]).toBe(0);
      await other.disconnect();
    } finally {
      await other.dispose();
    }
  });

  it('encrypts for clients that are trusted, and keeps the certificates of the others for a look', async () => {
    const endpoints = await client.endpoints(gateway.url);
    expect(endpoints.map(([policy, mode]) => `${policy} ${mode}`).sort()).toEqual([
      'Basic256Sha256 SignAndEncrypt',
      'None None_',
    ]);
    expect(new Set(endpoints.flatMap(([, , logins]) => logins))).toEqual(new Set(['UserName']));
    const server = new X509Certificate(await readFile(join(gateway.pki, 'own', 'certs', 'certificate.pem')));
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    const own = clientCertificate(gateway.folder, 'scada');
    const other = await AsyncuaClient.start();
    try {
      await expect(other.connect(gateway.url, { ...BY, ...own })).rejects.toThrow();
      await gateway.agent?.logged(
        /refused a client's certificate .* \(BadCertificateUntrusted\)\. If you know the client/,
      );
      const rejected = join(gateway.pki, 'rejected');
      await vi.waitFor(async () => expect(await readdir(rejected)).toHaveLength(1), { timeout: 20_000 });
      const [file = ''] = await readdir(rejected);
      await copyFile(join(rejected, file), join(gateway.pki, 'trusted', 'certs', file));
      await rm(join(rejected, file));
      await vi.waitFor(() => other.connect(gateway.url, { ...BY, ...own }), { timeout: 60_000, interval: 500 });
      expect((await other.call(vision('flow'), 'Reset', ...cause)).at(0)).toBe(0);
      await other.disconnect();
    } finally {
      await other.dispose();
    }
  });

  it('says good-bye at a stop, and leaves nothing open', async () => {
    const code = await gateway.agent?.signal('SIGTERM');
    expect(code).toBe(0);
    expect(gateway.agent?.text).not.toMatch(/did not stop cleanly|OPCUA_SERVER_/);
  });
});
