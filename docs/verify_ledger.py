#!/usr/bin/env python3
"""Checks a proof downloaded from Green Whistle against a published daily statement. Needs nothing but Python 3.11.

    python verify_ledger.py proof.json statement.json

`proof.json` is the answer of GET /v1/points/proofs/{transfer}, `statement.json` that of GET /v1/ledger/days/{day}.
Keep the
public key from a source you trust (a newspaper, another office) and give it as a third argument to check for that key.
The Ed25519 check follows RFC 8032; the tree follows RFC 6962.
"""

import hashlib
import json
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    """The x coordinate of a point on the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    return P - x if x % 2 != sign else x


def add(a, b):
    """The sum of two points in extended coordinates."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    """`point` added to itself n times."""
    total = (0, 1, 1, 0)
    while n:
        total = add(total, point) if n & 1 else total
        point, n = add(point, point), n >> 1
    return total


def point(raw):
    """A point from its 32 bytes."""
    number = int.from_bytes(raw, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = x_of(y, sign)
    return x, y, 1, x * y % P


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def is_signed(public, message, signature):
    """Whether the Ed25519 `signature` over `message` is by `public`."""
    s = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    one, other = times(s, BASE), add(point(signature[:32]), times(h, point(public)))
    return not ((one[0] * other[2] - other[0] * one[2]) % P or (one[1] * other[2] - other[1] * one[2]) % P)


def climb(start, path):
    """From a leaf hash along its path to the root."""
    for step in path:
        sibling = bytes.fromhex(step["hash"])
        pair = sibling + start if step["side"] == "L" else start + sibling
        start = hashlib.sha256(b"\x01" + pair).digest()
    return start


def leaf(data):
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def faults(proof, published, trusted_key=None):
    """What does not fit, as sentences; empty when the row is proven."""
    found, header = [], proof["header"]
    key = bytes.fromhex(trusted_key or proof["public_key"])
    if climb(leaf(bytes.fromhex(proof["salt"]) + proof["row"].encode()), proof["path"]).hex() != header["root"]:
        found.append("the row is not under the block's root")
    order = ("block", "from_xid", "to_xid", "rows", "root", "previous")
    told = json.dumps({name: header[name] for name in order}, separators=(",", ":")).encode()
    block_hash = hashlib.sha256(told).digest()
    if not is_signed(key, block_hash, bytes.fromhex(proof["block_signature"])):
        found.append("the block is not signed by this key")
    if published is None or proof["day_path"] is None:
        return [*found, "the day is not published yet: only the block's signature was checked"]
    if not is_signed(key, published["statement"].encode(), bytes.fromhex(published["signature"])):
        found.append("the daily statement is not signed by this key")
    if climb(leaf(block_hash), proof["day_path"]).hex() != json.loads(published["statement"])["root"]:
        found.append("the block is not under the day's root")
    return found


def main(arguments):
    """Prints the verdict; exit status 0 when the row is proven."""
    proof, published = (json.load(open(name, encoding="utf-8")) for name in arguments[:2])
    found = faults(proof, published, arguments[2] if len(arguments) > 2 else None)
    print("\n".join(found) or f"proven: {proof['row']}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
