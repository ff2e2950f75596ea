"""The simulated PLC of plc-ladder.ts on an OPC UA server of another make: one line, acknowledgements lost now and then.

Takes its settings as JSON in the first argument, writes its records to a file, and tells what happens on standard
output, one JSON object a line.
"""

import asyncio
import json
import os
import random
import sys
import time

from asyncua import Server, ua

SETTINGS = json.loads(sys.argv[1])
LADDER = SETTINGS["ladder"]
T = ua.VariantType
TAGS = {
    "Trigger": (T.UInt32, 0),
    "PartId": (T.UInt32, 0),
    "Recipe": (T.String, ""),
    "Ack": (T.Boolean, False),
    "PlcHeartbeat": (T.UInt16, 0),
    "Ready": (T.Boolean, False),
    "Busy": (T.Boolean, False),
    "Done": (T.Boolean, False),
    "TriggerAck": (T.UInt32, 0),
    "Error": (T.Boolean, False),
    "ErrorCode": (T.Int16, 0),
    "Heartbeat": (T.UInt16, 0),
    "OK": (T.Boolean, False),
    "NOK": (T.Boolean, False),
    "Reject": (T.Boolean, True),
    "Code": (T.Int16, 0),
    "Label": (T.String, ""),
    "PartEcho": (T.UInt32, 0),
    "InspectionId": (T.String, ""),
    "Counter": (T.UInt32, 0),
}


def say(message):
    print(json.dumps(message), flush=True)


class Plc:
    def __init__(self, nodes, records):
        self.nodes = nodes
        self.records = records
        self.random = random.Random(LADDER["seed"])
        self.present = 0

    async def get(self, tag):
        return await self.nodes[tag].read_value()

    async def set(self, tag, value):
        await self.nodes[tag].write_value(ua.Variant(value, TAGS[tag][0]))

    def record(self, **record):
        self.records.write(json.dumps(record) + "\n")
        self.records.flush()

    async def until(self, tag, value, seconds):
        end = time.monotonic() + seconds
        while await self.get(tag) != value:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        return True

    async def part(self, part):
        say({"line": 0, "part": part})
        while not (self.present == part and await self.get("Ready") and not await self.get("Done")):
            await asyncio.sleep(0.005)
        self.record(kind="triggered", part=part)
        await self.set("PartId", part)
        await self.set("Recipe", f"recipe-{part % 3}")
        trigger = await self.get("Trigger") + 1
        await self.set("Trigger", trigger)
        why = await self.result(part, trigger)
        if why is not None:
            self.record(kind="given-up", part=part, why=why)
        elif self.random.random() >= LADDER["lostAcks"]:
            await self.set("Ack", True)
            await self.until("Done", False, LADDER["timeoutMs"] / 1000)
            await self.set("Ack", False)

    async def result(self, part, trigger):
        end = time.monotonic() + LADDER["timeoutMs"] / 1000
        seen = False
        while time.monotonic() < end:
            seen = seen or await self.get("Busy") or await self.get("TriggerAck") == trigger
            if await self.get("Done") and await self.get("PartEcho") == part:
                ok, nok = await self.get("OK"), await self.get("NOK")
                if not ok and not nok:
                    return "no result"
                if ok and nok:
                    self.record(kind="violation", part=part, what="OK and NOK together")
                self.record(kind="accepted", part=part, ok=ok, inspection=await self.get("InspectionId"))
                return None
            if seen and await self.get("Error"):
                return f"error {await self.get('ErrorCode')}"
            await asyncio.sleep(0.005)
        if not seen:
            await self.set("Ready", False)
        return "timeout"


async def beat(plc):
    count = 0
    while True:
        count = (count + 1) % 65536
        await plc.set("PlcHeartbeat", count)
        await asyncio.sleep(0.05)


async def listen(plc):
    """The test says which part its camera sees. Standard input ends when the test does, however it ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        plc.present = json.loads(line)["part"]
    os._exit(0)


async def main():
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{SETTINGS['port']}/UA/Plc")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    nodes = {}
    for tag, (kind, initial) in TAGS.items():
        node_id = ua.NodeId(f"0.{tag}", 1)
        node = await server.nodes.objects.add_variable(node_id, f"1:{tag}", initial, kind)
        await node.set_writable()
        nodes[tag] = node
    with open(f"{SETTINGS['folder']}/line-0.jsonl", "a", encoding="utf-8") as records:
        async with server:
            say({"ready": True})
            plc = Plc(nodes, records)
            listening = asyncio.create_task(listen(plc))
            beating = asyncio.create_task(beat(plc))
            for part in range(1, LADDER["parts"] + 1):
                await plc.part(part)
                await asyncio.sleep(plc.random.random() * LADDER["gapMs"] / 1000)
            say({"finished": True})
            await asyncio.gather(listening, beating)


asyncio.run(main())
