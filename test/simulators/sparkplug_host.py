"""A Sparkplug host application on pysparkplug: prints what it understands, one JSON object a line, and takes commands.

Arguments: port of the broker on the loopback, group id, host id. Standard input: one JSON object a line with node,
device (for a DCMD), name, type and value.
"""

import json
import sys
import time

import pysparkplug as psp
from pysparkplug import _datatype

# pysparkplug has no templates: it takes one as protobuf gives it, so that the metrics beside it can be read.
_datatype._fields[psp.DataType.TEMPLATE] = "template_value"
_datatype._decoders[psp.DataType.TEMPLATE] = lambda value: {
    "template": value.template_ref,
    "members": {member.name: member.string_value for member in value.metrics},
}

port, group, host_id = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def say(content):
    print(json.dumps(content, default=str), flush=True)


def metric(one):
    value = one.value.isoformat() if hasattr(one.value, "isoformat") else one.value
    return {"name": one.name, "value": value, "historical": one.is_historical, "timestamp": one.timestamp}


class Host(psp.Client):
    """Tells of a message that it cannot decode instead of dying of it."""

    def _handle_message(self, mqtt_message):
        try:
            return super()._handle_message(mqtt_message)
        except Exception as error:  # whatever a decoder may throw is what this host is asked about
            _, _, kind, _, *device = mqtt_message.topic.split("/")
            say({"type": kind, "device": device[0] if device else None, "error": repr(error)})
            return None


def on_message(_client, message):
    if message is None:
        return
    payload, topic = message.payload, message.topic
    seen = {"type": str(topic.message_type.value), "device": topic.device_id}
    if isinstance(payload, psp.NDeath):
        seen["bdSeq"] = payload.bd_seq_metric.value
    elif hasattr(payload, "seq"):
        seen["seq"] = payload.seq
    if hasattr(payload, "metrics"):
        seen["metrics"] = [metric(one) for one in payload.metrics]
    say(seen)


def now():
    return int(time.time() * 1000)


def send(client, command):
    one = psp.Metric(
        timestamp=now(), name=command["name"], datatype=psp.DataType[command["type"]], value=command["value"]
    )
    device = command.get("device")
    kind = psp.MessageType.NCMD if device is None else psp.MessageType.DCMD
    topic = psp.Topic(group_id=group, message_type=kind, edge_node_id=command["node"], device_id=device)
    payload = (psp.NCmd if device is None else psp.DCmd)(timestamp=now(), metrics=(one,))
    client.publish(psp.Message(topic=topic, payload=payload, qos=psp.QoS.AT_MOST_ONCE, retain=False))


client = Host(client_id=f"host-{host_id}")
# Each type by a filter of its own: '#' would bring the commands too, which a host sends and does not read.
for kind in ("NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA"):
    levels = {"group_id": group, "message_type": psp.MessageType[kind], "edge_node_id": "+"}
    if kind.startswith("D"):
        levels["device_id"] = "+"
    client.subscribe(psp.Topic(**levels), psp.QoS.AT_LEAST_ONCE, on_message)
client.connect("127.0.0.1", port=port, callback=lambda _client: say({"ready": True}))
for line in sys.stdin:
    send(client, json.loads(line))
