"""Writes what passes an interface to a pcap file until it is ended: a small tcpdump for network namespaces.

python capture.py INTERFACE FILE.pcap

The times are the kernel's: when this process gets to run makes no difference.
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
from pathlib import Path

ETH_P_ALL = 3
SNAPLEN = 65535
LINKTYPE_ETHERNET = 1
SO_TIMESTAMPNS = 35  # Linux; Python has no name for it
TIMESPEC = struct.Struct("@qq")


def main() -> None:
    """Capture."""
    interface, path = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(ETH_P_ALL))
    listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    listener.bind((interface, 0))
    with Path(path).open("wb", buffering=0) as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, LINKTYPE_ETHERNET))
        while True:
            packet, notes, *_ = listener.recvmsg(SNAPLEN, socket.CMSG_SPACE(TIMESPEC.size))
            at_s, at_ns = next(TIMESPEC.unpack(data) for _, kind, data in notes if kind == SO_TIMESTAMPNS)
            out.write(struct.pack("<IIII", at_s, at_ns // 1000, len(packet), len(packet)) + packet)


if __name__ == "__main__":
    main()
