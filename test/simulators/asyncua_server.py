"""An OPC UA server made with asyncua, which shares no code with node-opcua.

Started as: asyncua_server.py OPTIONS, where OPTIONS is the JSON of `AsyncuaOptions` in asyncua-server.ts. One JSON
command a line on stdin, one JSON answer a line on stdout; it ends when stdin does. Every tag is `ns=1;s=NAME`.
"""

import asyncio
import json
import logging
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.internal_session import InternalSession
from asyncua.server.uaprocessor import UaProcessor
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID


class Users:
    """Who may log in: the names and certificates given; where none are, everybody."""

    def __init__(self, options):
        self.passwords = options.get("users")
        files = options.get("userCertificates")
        self.certificates = None if files is None else [der_of(Path(file)) for file in files]

    def get_user(self, iserver, username=None, password=None, certificate=None):
        # Beside a user name comes the certificate of the client's application, which is not what counts then.
        if username is not None:
            known = self.passwords is None or self.passwords.get(username) == password
        elif certificate is not None:
            known = self.certificates is None or certificate in self.certificates
        else:
            known = True
        return User(role=UserRole.User, name=username) if known else None


def der_of(file):
    content = file.read_bytes()
    if content.startswith(b"-----"):
        return x509.load_pem_x509_certificate(content).public_bytes(Encoding.DER)
    return content


class Peer:
    def __init__(self, options):
        self.options = options
        self.users = Users(options)
        self.server = Server(user_manager=self.users)
        self.types = {}
        self.writes = []
        self.ever_opened = 0
        self.ahead = timedelta(milliseconds=options.get("clockAheadMs", 0))
        self.tickers = {}

    async def start(self):
        options, server = self.options, self.server
        await server.init()
        uri = options.get("applicationUri", "urn:jidoka:test:asyncua")
        await server.set_application_uri(uri)
        # What it announces may be an address that nobody can reach, as with a PLC behind NAT.
        server.set_endpoint(options.get("announced", f"opc.tcp://127.0.0.1:{options['port']}/"))
        server.socket_address = ("127.0.0.1", options["port"])
        if "announced" in options:
            server.set_match_discovery_endpoint_url(False)
            server.set_match_discovery_client_ip(False)
        policies = [ua.SecurityPolicyType[name] for name in options.get("policies", ["NoSecurity"])]
        server.set_security_policy(policies)
        if policies != [ua.SecurityPolicyType.NoSecurity]:
            await self.load_certificate(uri)
        tokens = {
            "anonymous": ua.AnonymousIdentityToken,
            "username": ua.UserNameIdentityToken,
            "certificate": ua.X509IdentityToken,
        }
        server.set_identity_tokens([tokens[kind] for kind in options.get("logins", list(tokens))])
        internal = server.iserver
        internal.disabled_clock = True
        InternalSession.max_connections = options.get("maxSessions", 1000)
        internal.max_session_timeout_ms = options.get("maxSessionTimeoutMs", 600_000)
        internal.min_session_timeout_ms = options.get("minSessionTimeoutMs", 5_000)
        self.count_sessions()
        self.stamp_answers()
        internal.subscribe_server_callback(CallbackType.PreWrite, self.record_write)
        for name, tag in options["tags"].items():
            await self.add(name, tag)
        server.iserver.set_attribute_value_callback(
            ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime), lambda *_: self.current_time()
        )
        await server.start()

    async def load_certificate(self, uri):
        options = self.options
        folder = Path(options["folder"])
        certificate = Path(options.get("certificate", folder / "server.der"))
        key = Path(options.get("key", folder / "server.pem"))
        if "certificate" not in options:
            names = {"countryName": "DE", "organizationName": "jidoka test"}
            usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            await setup_self_signed_certificate(key, certificate, uri, "localhost", usage, names)
        await self.server.load_certificate(certificate)
        await self.server.load_private_key(key)
        trusted = options.get("trustedClients")
        if trusted is not None:
            Path(trusted).mkdir(parents=True, exist_ok=True)
            store = TrustStore([Path(trusted)], [])
            await store.load()
            checks = CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
            self.server.set_certificate_validator(CertificateValidator(checks, store))

    def count_sessions(self):
        internal = self.server.iserver
        register = internal.register_external_session

        def counting(session):
            self.ever_opened += 1
            register(session)

        internal.register_external_session = counting

    def stamp_answers(self):
        """Gives every answer the time of the server's clock, which may be set."""
        send = UaProcessor.send_response

        def stamping(processor, handle, sequence, response, *more, **named):
            response.ResponseHeader.Timestamp = self.now()
            send(processor, handle, sequence, response, *more, **named)

        UaProcessor.send_response = stamping

    def record_write(self, event, _dispatcher=None):
        if not event.is_external:
            return
        call = []
        for node in event.request_params.NodesToWrite:
            variant = node.Value.Value
            call.append({"name": str(node.NodeId.Identifier), "type": variant.VariantType.name, "value": variant.Value})
        self.writes.append(call)

    def now(self):
        return datetime.now(timezone.utc) + self.ahead

    def current_time(self):
        return ua.DataValue(ua.Variant(self.now(), ua.VariantType.DateTime), SourceTimestamp=self.now())

    async def add(self, name, tag):
        kind = ua.VariantType[tag["type"]]
        parent = self.server.nodes.objects
        if "folder" in tag:
            folder = ua.NodeId(tag["folder"], 1)
            if folder not in self.server.iserver.aspace:
                await parent.add_folder(folder, ua.QualifiedName(tag["folder"], 1))
            parent = self.server.get_node(folder)
        node = ua.NodeId(name, 1)
        variable = await parent.add_variable(node, ua.QualifiedName(name, 1), self.variant(kind, tag["value"]))
        if not tag.get("readOnly", False):
            await variable.set_writable()
        if "unit" in tag:
            unit = ua.EUInformation(DisplayName=ua.LocalizedText(tag["unit"]), UnitId=-1)
            await variable.add_property(0, "EngineeringUnits", unit)
        self.types[name] = kind
        await self.update({"name": name, "value": tag["value"]})

    @staticmethod
    def variant(kind, value):
        return ua.Variant(value, kind)

    async def update(self, change):
        source = change.get("sourceTimeMs")
        if "sourceTimeMs" not in change:
            when = self.now()
        else:
            when = None if source is None else datetime.fromtimestamp(source / 1000, timezone.utc)
        value = ua.DataValue(
            self.variant(self.types[change["name"]], change["value"]),
            ua.StatusCode(getattr(ua.StatusCodes, change.get("status", "Good"))),
            SourceTimestamp=when,
            ServerTimestamp=self.now(),
        )
        await self.server.write_attribute_value(ua.NodeId(change["name"], 1), value)

    async def tick(self, name, every_ms):
        """Counts the tag up on a fixed schedule: no count is left out, however late the loop runs."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.tickers[name]["value"] += 1
            await self.update({"name": name, "value": self.tickers[name]["value"]})
            due += every_ms / 1000
            await asyncio.sleep(max(0, due - loop.time()))

    async def handle(self, command):
        internal = self.server.iserver
        subscriptions = internal.subscription_service.subscriptions
        match command["do"]:
            case "set":
                for change in command["updates"]:
                    await self.update(change)
            case "add":
                await self.add(command["name"], command["tag"])
            case "get":
                return internal.read_attribute_value(ua.NodeId(command["name"], 1)).Value.Value
            case "writes":
                taken, self.writes = self.writes, []
                return taken
            case "tick":
                name = command["name"]
                first = internal.read_attribute_value(ua.NodeId(name, 1)).Value.Value
                self.tickers[name] = {"value": first}
                self.tickers[name]["task"] = asyncio.create_task(self.tick(name, command["everyMs"]))
            case "hold":
                ticker = self.tickers.pop(command["name"])
                ticker["task"].cancel()
                return ticker["value"]
            case "clock":
                self.ahead = timedelta(milliseconds=command["aheadMs"])
            case "sessions":
                services = [one.monitored_item_srv for one in subscriptions.values()]
                return {
                    "open": len(internal._external_sessions),
                    "subscriptions": len(subscriptions),
                    "monitoredItems": sum(len(one._monitored_items) for one in services),
                    "everOpened": self.ever_opened,
                }
            case "close sessions":
                for session in list(internal._external_sessions.values()):
                    await session.close_session(True)
            case "delete subscriptions":
                await internal.subscription_service.delete_subscriptions(list(subscriptions))
            case "skip notification":
                # The next one carries a number one too high, as if one before it had been lost on the way.
                for one in subscriptions.values():
                    one._notification_seq += 1
            case "status change":
                code = ua.StatusCode(getattr(ua.StatusCodes, command["status"]))
                for one in subscriptions.values():
                    await one.enqueue_statuschange(code)
                    one._startup = True
            case "limit sessions":
                InternalSession.max_connections = command["most"]
            case other:
                raise ValueError(f"no command {other}")
        return None


async def main():
    logging.disable(logging.CRITICAL)
    peer = Peer(json.loads(sys.argv[1]))
    await peer.start()

    def say(message):
        sys.stdout.write(json.dumps(message, default=str) + "\n")
        sys.stdout.flush()

    say({"ready": True})
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        if command["do"] == "stop":
            await peer.server.stop()
            say({"id": command["id"], "result": None})
            return
        try:
            say({"id": command["id"], "result": await peer.handle(command)})
        except Exception as error:
            say({"id": command["id"], "error": f"{type(error).__name__}: {error}"})


asyncio.run(main())
