"""An OPC UA client on asyncua for servers after OPC 40100-1: takes commands and tells what it saw, one JSON object a line.

Standard input: {"id", "do", ...}; standard output: {"id", "result"} or {"id", "error"}, and {"event"} in between.
"""

import asyncio
import dataclasses
import datetime
import json
import logging
import sys
import time

logging.disable(logging.CRITICAL)

from asyncua import Client, ua  # noqa: E402
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256  # noqa: E402

MACHINE_VISION = "http://opcfoundation.org/UA/MachineVision"
# Names that OPC UA itself has too: asyncua takes them for known and then misses the ones of the specification.
ALIASES = {"TrimmedString": (3017, ua.String), "Handle": (3018, ua.UInt32)}


def say(content):
    print(json.dumps(content), flush=True)


def plain(value):
    """Anything asyncua gives as JSON can hold it."""
    if isinstance(value, ua.Variant):
        return plain(value.Value)
    if isinstance(value, ua.LocalizedText):
        return value.Text
    if isinstance(value, ua.QualifiedName):
        return value.Name
    if isinstance(value, ua.NodeId):
        return value.to_string()
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


def argument(given):
    """{"struct", "fields"}, {"list"} or {"type", "value"} as asyncua wants it."""
    if "struct" in given:
        return getattr(ua, given["struct"])(**given.get("fields", {}))
    if "list" in given:
        return ua.Variant([ua.Variant(entry) for entry in given["list"]], ua.VariantType.Variant, is_array=True)
    kind = ua.VariantType[given["type"]]
    value = given["value"]
    return ua.Variant(ua.LocalizedText(value) if kind == ua.VariantType.LocalizedText else value, kind)


class Events:
    def __init__(self, names):
        self.names = names

    def event_notification(self, event):
        fields = {name: plain(value) for name, value in event.get_event_props_as_fields_dict().items()}
        fields["type"] = self.names.get(event.EventType.to_string(), event.EventType.to_string())
        say({"event": fields})


class Session:
    client = None
    index = 0

    async def connect(self, url, user=None, password=None, cert=None, key=None, uri=None):
        # A machine that is busy with other things must not look like a server that hangs.
        client = Client(url, timeout=30, watchdog_intervall=30)
        if user is not None:
            client.set_user(user)
            client.set_password(password)
        if cert is not None:
            client.application_uri = uri
            mode = ua.MessageSecurityMode.SignAndEncrypt
            await client.set_security(SecurityPolicyBasic256Sha256, cert, key, mode=mode)
        await client.connect()
        self.client = client
        self.index = await client.get_namespace_index(MACHINE_VISION)
        for name, (number, kind) in ALIASES.items():
            ua.register_basetype(name, ua.NodeId(number, self.index), kind)
        await client.load_data_type_definitions()

    async def disconnect(self):
        client, self.client = self.client, None
        await client.disconnect()

    async def endpoints(self, url):
        found = await Client(url, timeout=30).connect_and_get_server_endpoints()
        return [
            [one.SecurityPolicyUri.split("#")[-1], one.SecurityMode.name, [token.TokenType.name for token in one.UserIdentityTokens]]
            for one in found
        ]

    async def node(self, path):
        """A path of names below Objects: those of the specification, of OPC UA itself, or the server's own."""
        node = self.client.nodes.objects
        for name in path:
            for prefix in (self.index, 0, 1):
                try:
                    node = await node.get_child(f"{prefix}:{name}")
                    break
                except ua.UaError:
                    continue
            else:
                raise LookupError(f"there is no {name} in {'/'.join(path)}")
        return node

    async def browse(self, path):
        children = await (await self.node(path)).get_children()
        return [(await child.read_browse_name()).Name for child in children]

    async def type(self, path):
        definition = await (await self.node(path)).read_type_definition()
        return (await self.client.get_node(definition).read_browse_name()).Name

    async def read(self, path, attribute="Value"):
        node = await self.node(path)
        value = await node.read_attribute(ua.AttributeIds[attribute], raise_on_bad_status=False)
        return {"status": value.StatusCode.name, "value": plain(value.Value)}

    async def call(self, path, method, arguments=()):
        parent = await self.node(path)
        outputs = await parent.call_method(await self.node([*path, method]), *[argument(one) for one in arguments])
        return plain(outputs if isinstance(outputs, list) else [outputs])

    async def subscribe(self, path, types):
        """A subscription for each type: asyncua does not get more than one type in one filter right."""
        known = await self.event_types(self.client.nodes.base_event_type)
        names = {known[name].nodeid.to_string(): name for name in types}
        source = await self.node(path)
        for name in types:
            subscription = await self.client.create_subscription(50, Events(names))
            await subscription.subscribe_events(source, known[name])

    async def event_types(self, parent):
        found = {}
        for child in await parent.get_children_descriptions(refs=ua.ObjectIds.HasSubtype):
            node = self.client.get_node(child.NodeId)
            found |= {child.BrowseName.Name: node} | await self.event_types(node)
        return found

    async def watch(self, path, value, seconds):
        """Waits until a variable has a value."""
        node = await self.node(path)
        until = time.monotonic() + seconds
        while True:
            now = await node.read_data_value(raise_on_bad_status=False)
            if plain(now.Value) == value and now.StatusCode.is_good():
                return value
            if time.monotonic() > until:
                raise TimeoutError(f"{'/'.join(path)} is {plain(now.Value)} ({now.StatusCode.name}), not {value}")
            await asyncio.sleep(0.05)


async def main():
    session = Session()
    loop = asyncio.get_running_loop()
    say({"ready": True})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        number, do = command.pop("id"), command.pop("do")
        try:
            say({"id": number, "result": await getattr(session, do)(**command)})
        except Exception as error:  # whatever the server answers is what the test asks about
            name = getattr(error, "name", type(error).__name__) if isinstance(error, ua.UaStatusCodeError) else type(error).__name__
            if isinstance(error, ua.UaStatusCodeError):
                name = ua.status_codes.get_name_and_doc(error.code)[0]
            say({"id": number, "error": name, "text": str(error)})


asyncio.run(main())
