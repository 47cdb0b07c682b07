"""Writes what passes an interface to a pcap file until it is ended: a small tcpdump for network namespaces.

python capture.py INTERFACE FILE.pcap
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
import time
from pathlib import Path

ETH_P_ALL = 3
SNAPLEN = 65535
LINKTYPE_ETHERNET = 1


def main() -> None:
    """Capture."""
    interface, path = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(ETH_P_ALL))
    listener.bind((interface, 0))
    with Path(path).open("wb", buffering=0) as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, LINKTYPE_ETHERNET))
        while True:
            packet = listener.recv(SNAPLEN)
            at_s, at_ns = divmod(time.time_ns(), 10**9)
            out.write(struct.pack("<IIII", at_s, at_ns // 1000, len(packet), len(packet)) + packet)


if __name__ == "__main__":
    main()
