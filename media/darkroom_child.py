"""The process that decodes strangers' files: `python -m media.darkroom_child FD`, started by `media.darkroom`.

It loads the decoders once, gives up the network where the system allows it, and then forks a fresh process for every
photograph: hard limits on processor time, memory, output and wall time, no privileges, no sockets, nothing left over
from the photograph before (`media.confinement`). A photograph arrives as two file descriptors (the file, and where to
write the answer), so the decoding process opens nothing by name. The environment holds no secrets.
"""

import gc
import io
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Sequence

import msgspec
from PIL import Image

from media.answers import Answer, Box, Refused
from media.confinement import confine, leave_network
from media.developing import develop, encoded
from media.exif import READER_ERRORS
from media.formats.layout import Unfit

REPORT = struct.Struct("=iiQQ")  # exit status, signal, peak memory in KiB, processor time in µs
REQUEST_BYTES_MAX = 16 * 1024  # the boxes of one photograph; sent in one message


def serve(wire: socket.socket) -> None:
    """Answers requests until the other side goes away."""
    leave_network()
    _warm_up()
    wire.sendall(b"R")
    while True:
        message, descriptors, _, _ = socket.recv_fds(wire, REQUEST_BYTES_MAX, 2)
        if not message:
            return
        boxes = msgspec.msgpack.decode(message, type=list[Box])
        status, usage = _in_fresh_process(wire, *descriptors, boxes=boxes)
        for descriptor in descriptors:
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(status)
        cpu_us = round((usage.ru_utime + usage.ru_stime) * 1_000_000)
        wire.sendall(REPORT.pack(max(code, 0), max(-code, 0), _peak_kib(usage), cpu_us))


def _peak_kib(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss // 1024


def _in_fresh_process(
    wire: socket.socket, source: int, target: int, *, boxes: Sequence[Box]
) -> tuple[int, resource.struct_rusage]:
    child = os.fork()
    if child == 0:
        status = 70
        try:
            wire.close()
            confine()
            status = _write(answer_for(_contents(source), boxes), target)
        finally:
            os._exit(status)  # whatever was raised: no traceback, no clean-up, just the status
    _, status, usage = os.wait4(child, 0)
    return status, usage


def _contents(source: int) -> bytes:
    with open(source, "rb", closefd=False) as file:
        return file.read()


def _write(answer: Answer, target: int) -> int:
    with open(target, "wb", closefd=False) as file:
        file.write(msgspec.msgpack.encode(answer))
    return 0


def answer_for(data: bytes, boxes: Sequence[Box] = ()) -> Answer:
    """Develops one file; every error of a decoder is a reason, not a crash."""
    try:
        return develop(data, boxes)
    except Unfit as unfit:
        return Refused(code=unfit.code, note=unfit.note, limit=unfit.limit, found=unfit.found)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Refused(code="photo-too-many-pixels")
    except MemoryError:
        return Refused(code="photo-too-costly", note="memory")
    except READER_ERRORS as error:
        return Refused(code="photo-unreadable", note=type(error).__name__)


def _warm_up() -> None:
    """Runs every decoder once: a confined process can no longer load what is imported late."""
    sample = Image.new("RGB", (64, 48), "green")
    answer_for(encoded(sample, 80))
    for kind in ("PNG", "WEBP", "HEIF"):
        out = io.BytesIO()
        sample.save(out, kind)
        answer_for(out.getvalue())
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides
    serve(socket.socket(fileno=int(sys.argv[1])))
