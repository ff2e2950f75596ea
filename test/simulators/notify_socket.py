"""Stands in for systemd: prints each datagram that arrives at the socket of the given path as one line of JSON."""

import json
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps("listening"), flush=True)
while True:
    # A descriptor that comes along (BARRIER=1) is closed at once, since no room for it is given: the sender goes on.
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
