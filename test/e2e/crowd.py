#!/usr/bin/env python3
"""crowd.py SOCKET KIND COUNT: so many programs at the control socket that keep their connection, each in
the way that KIND says, until this one is killed. Says "here" when all have come."""
import signal
import socket
import sys

path, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
SAYS = {
    "silent": b"",
    "half-head": b"GET /status HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "half-body": b"POST /subscriptions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    "half-upload": b"PUT /uploads/1/files?name=x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx",
    "idle": b"GET /peers HTTP/1.1\r\nHost: x\r\n\r\n",
    "wait": b"GET /wait?path=meissen%2Fnichts&wait_ms=30000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "fetch": b"GET /fetch?path=meissen%2Fnichts&wait_ms=30000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "slow-reader": b"GET /file?path=meissen%2Fgross&name=gross HTTP/1.1\r\nHost: x\r\n\r\n",
}

crowd = []
for i in range(count):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(20)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        s.connect(path)
        s.sendall(SAYS[kind])
    except OSError:
        pass  # shut out to make room: that is right
    crowd.append(s)
print("here", flush=True)
signal.pause()
