#!/usr/bin/env python3
"""docs/vectors, judged by a second reader that was written from docs/PROTOCOL.md alone.

Python's own library is enough for what needs hashes only. Signatures and the session need the package
cryptography; without it they are left out, and it says so.

vectors_again.py ROOT"""
import base64
import datetime
import hashlib
import json
import pathlib
import re
import struct
import sys

try:
    from cryptography.exceptions import InvalidSignature, InvalidTag
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
except ImportError:
    Ed25519PublicKey = None


def H(label, *parts, key=b"", size=32):
    return hashlib.blake2b(b"".join(parts), digest_size=size, key=key,
                           person=label.encode().ljust(16, b"\0")).digest()


# ---- section 1.1: encoding ----

class Malformed(Exception):
    pass


def need(true):
    if not true:
        raise Malformed


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data))
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, width, least):
        value = int.from_bytes(self.take(width), "big")
        need(value >= least)
        return value

    def text(self, length):
        raw = self.take(length)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed from None
        need(not any(c < " " and c != "\n" or c == "\x7f" for c in text))
        return text

    def value(self, depth=1):
        first = self.take(1)[0]
        if first <= 0x7F:
            return first
        if first in (0xCC, 0xCD, 0xCE, 0xCF):
            return self.number(1 << (first - 0xCC), (0x80, 0x100, 0x10000, 1 << 32)[first - 0xCC])
        if first == 0xC0:
            return None
        if first in (0xC2, 0xC3):
            return first == 0xC3
        if first in (0xC4, 0xC5, 0xC6):
            return self.take(self.number(1 << (first - 0xC4), (0, 0x100, 0x10000)[first - 0xC4]))
        if 0xA0 <= first <= 0xBF:
            return self.text(first - 0xA0)
        if first in (0xD9, 0xDA, 0xDB):
            return self.text(self.number(1 << (first - 0xD9), (32, 0x100, 0x10000)[first - 0xD9]))
        need(depth <= 8)
        if 0x90 <= first <= 0x9F or first in (0xDC, 0xDD):
            count = first - 0x90 if first < 0xA0 else \
                self.number(2 << (first - 0xDC), (16, 0x10000)[first - 0xDC])
            need(count <= len(self.data) - self.at)
            return [self.value(depth + 1) for _ in range(count)]
        if 0x80 <= first <= 0x8F or first in (0xDE, 0xDF):
            count = first - 0x80 if first < 0x90 else \
                self.number(2 << (first - 0xDE), (16, 0x10000)[first - 0xDE])
            need(2 * count <= len(self.data) - self.at)
            found, before = {}, 0
            for _ in range(count):
                key = self.value(9)
                need(type(key) is int and key > before)
                found[key] = self.value(depth + 1)
                before = key
            return found
        raise Malformed


def decode(data):
    reader = Reader(data)
    value = reader.value()
    need(reader.at == len(data))
    return value


# ---- one function for each folder: the verdict, or what a key of the case has to be ----

def hashes(case, data):
    if "derived" in case:
        return case["derived"] == H(case["label"], data, key=bytes.fromhex(case["key"])).hex()
    if "label" in case:
        return case["hash"] == H(case["label"], data).hex()
    return case["hash"] == hashlib.blake2b(data, digest_size=32).hexdigest()


def encoding(case, data):
    try:
        decode(data)
        return case["verdict"] == "accepted"
    except Malformed:
        return case["verdict"] == "malformed"


def texts(case, data):
    text = re.sub(r"[^A-Za-z0-9_-]", "", case["text"])
    letter = case["letter"]
    if not text.startswith(f"allmende2{letter}-"):
        foreign = re.match(rf"allmende\d+{letter}-", text)
        return case["verdict"] == ("not known" if foreign else "malformed")
    coded = text[len("allmende2x-"):]
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return case["verdict"] == "denied"
    body, check = raw[:-4], raw[-4:]
    if H("am1.text", letter.encode(), body)[:4] != check:
        return case["verdict"] == "denied"
    return case["verdict"] == "accepted" and body == data


def root(case, data):
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    plain = re.sub(r"[\s-]", "", case["text"]).upper().translate(str.maketrans("OIL", "011"))
    bits = 0
    for letter in plain:
        bits = bits << 5 | alphabet.index(letter)
    raw = bits.to_bytes(35, "big")
    if H("am1.root.text", raw[:32])[:3] != raw[32:]:
        return case["verdict"] == "denied"
    keys = {"root_seed": "am1.root.sign", "recovery_secret": "am1.root.recov"}
    return raw[:32] == data and all(case.get(key, want) == want for key, want in (
        (key, H(label, key=data).hex()) for key, label in keys.items()))


def path_ok(path):
    parts = path.split("/")
    if not 1 <= len(parts) <= 16 or not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", parts[0]):
        return False
    if len(parts) == 2 and re.fullmatch(r"~[a-z2-7]{26}", parts[1]):
        # 16 bytes are 128 bits, 26 letters 130
        return "abcdefghijklmnopqrstuvwxyz234567".index(parts[1][-1]) % 4 == 0
    return all(re.fullmatch(r"[a-z0-9._-]{1,64}", part) and part not in (".", "..") for part in parts)


def paths(case, data):
    path = case["path"]
    if not path_ok(path):
        return case["verdict"] == "malformed"
    key = bytes.fromhex(case["key_of_all"])
    for part in path.split("/"):
        key = H("am1.path", part.encode(), key=key)
    dataset = H("am1.dataset", bytes.fromhex(case["organisation"]), data)
    return case["verdict"] == "accepted" and case["key"] == key.hex() \
        and case["dataset"] == dataset.hex()


def leaves_digest(leaves, depth):
    if not leaves:
        return bytes(32)
    if len(leaves) <= 64 or depth == 16:
        return H("am1.leaves", *(
            struct.pack(">H", len(slot)) + slot + struct.pack(">Q", sequence) + leaf
            for _, slot, sequence, leaf in sorted(leaves)))
    children = [[] for _ in range(16)]
    for leaf in leaves:
        children[int.from_bytes(leaf[0], "big") >> (60 - 4 * depth) & 15].append(leaf)
    return H("am1.children", *(leaves_digest(child, depth + 1) for child in children))


def sets(case, data):
    leaves = [(H("am1.slot", bytes.fromhex(slot))[:8], bytes.fromhex(slot), sequence,
               bytes.fromhex(leaf)) for slot, sequence, leaf in case["leaves"]]
    return H("am1.set", leaves_digest(leaves, 0)) == data


P = 2**32 - 5


def places(key, author, width):
    bits = siphash(key, author.to_bytes(4, "big"))
    return [p * width + ((bits >> 21 * p & 0x1FFFFF) * width >> 21) for p in range(3)]


def differ(cells, key, codes):
    """The authors that come out of the difference of a sketch and these codes, in the order in which they are found."""
    width, out = len(cells) // 3, []

    def add(author, value):
        for at in places(key, author, width):
            cells[at] = [(cells[at][0] + value) % P, (cells[at][1] + author * value) % P]

    for author, code in codes.items():
        add(author, -siphash(key, code))
    again = True
    while again:
        again = False
        for at, (total, product) in enumerate(cells):
            author = product * pow(total, P - 2, P) % P
            if total and author >> 8 in range(1, 16385) and at in places(key, author, width):
                out.append(author)
                add(author, -total)
                again = True
    return out if not any(map(any, cells)) else None


def states(case, data):
    codes, buckets, marks = {}, [b""] * 256, [0] * 32
    for author, incarnation, counter, digest in case["states"]:
        one = H("am1.state", struct.pack(">II", author, incarnation), bytes.fromhex(digest))
        codes[author] = one + struct.pack(">Q", counter)
        buckets[(author >> 8) % 256] += one
        bits = siphash(bytes(16), codes[author])
        marks = [(mark + (1 if bits >> i & 1 else -1)) % 256 for i, mark in enumerate(marks)]
    content = H("am1.content", *(H("am1.bucket", bucket) for bucket in buckets))
    cells = [list(struct.unpack(">II", data[i:i + 8])) for i in range(0, len(data), 8)]
    wanted = [author for author in list(codes)[::5]]
    found = differ(cells, bytes.fromhex(case["key"]), codes) if cells else []
    return content.hex() == case["content"] and bytes(marks).hex() == case["marks"] and sorted(found) == wanted


def siphash(key, data):
    mask = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261,
         k1 ^ 0x7465646279746573]

    def turn(x, by):
        return (x << by | x >> (64 - by)) & mask

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & mask
            v[1] = turn(v[1], 13) ^ v[0]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = turn(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = turn(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = turn(v[1], 17) ^ v[2]
            v[2] = turn(v[2], 32)

    end = data[len(data) // 8 * 8:].ljust(7, b"\0") + bytes([len(data) % 256])
    for word in struct.unpack(f"<{len(data) // 8 + 1}Q", data[:len(data) // 8 * 8] + end):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def cuts(case, key):
    stream = b"".join(hashlib.blake2b(struct.pack(">I", i), digest_size=32).digest()
                      for i in range(1 << 15))
    if "tier hidden" in case["about"]:
        stream = stream[:-5]
        return case["ends"] == [*range(262144, len(stream), 262144), len(stream)]
    gear = [int.from_bytes(H("am1.gear", bytes([i]))[:8], "big") for i in range(256)]
    ends, begin, g = [], 0, 0
    for at, byte in enumerate(stream, 1):
        g = (g << 1 & (1 << 64) - 1) + gear[byte] & (1 << 64) - 1
        length = at - begin
        if length == 262144 or length >= 16384 and g >> 51 == 0 \
                and siphash(key, stream[at - 48:at]) & 7 == 0:
            ends.append(at)
            begin, g = at, 0
    return case["ends"] == ends + ([len(stream)] if begin < len(stream) else [])


def manifests(case, data):
    if case["verdict"] != "accepted":
        return None
    *_, files, chunks = decode(data)
    at = 0
    for begin, size in sorted((offset, size) for _, _, size, _, _, offset in files if size):
        if begin != at:
            return False
        at += size
    if at != sum(plain for _, _, plain, *_ in chunks):
        return False
    entries = sorted({(address, size) for address, size, *_ in chunks})
    index = H("am1.index", *(address + struct.pack(">I", size) for address, size in entries))
    return case["index_digest"] == index.hex() and case["index_count"] == len(entries)


def is_iri(text):
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f\"<>\\^`{|}]+", text))


def is_date(text):
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})Z)?)?)?", text)
    try:
        return bool(found) and bool(datetime.datetime(*(int(part or least) for part, least in zip(
            found.groups(), (0, 1, 1, 0, 0, 0)))))
    except ValueError:
        return False


def is_box(value):
    return (type(value) is list and len(value) == 4 and all(type(part) is int for part in value)
            and max(value[0], value[2]) <= 360 * 10**7 and value[1] <= value[3] <= 180 * 10**7)


def line(most, form=lambda text: True, lines=False):
    return lambda value: (type(value) is str and 0 < len(value.encode()) <= most
                          and (lines or "\n" not in value) and form(value))


def several(count, each):
    return lambda value: type(value) is list and 0 < len(value) <= count and all(map(each, value))


def like(pattern):
    return lambda text: bool(re.fullmatch(pattern, text))


CODE = line(64, like(r"[A-Za-z0-9._/()-]+"))
IRI = line(256, is_iri)
ABOVE_0 = lambda value: type(value) is int and value > 0
DESCRIPTION = {
    1: line(512), 2: line(8192, lines=True), 3: several(32, line(128)), 4: line(512), 5: line(512), 6: line(512),
    7: ABOVE_0, 8: ABOVE_0, 9: ABOVE_0, 10: ABOVE_0, 11: line(128), 13: ABOVE_0, 14: several(13, CODE),
    15: line(512), 16: IRI, 17: line(254, like(r"[^\x00-\x20\x7f\"<>()\[\]\\,;:?&@]+@[^\x00-\x20\x7f\"<>()\[\]\\,;:?&@]+")),
    18: IRI, 19: line(64, lambda text: like(r"[0-9 +()/.-]+")(text) and len(re.findall("[0-9]", text)) >= 3),
    20: line(12, like(r"(?:[0-9]{2}|[0-9]{3}|[0-9]{5}|[0-9]{8}|[0-9]{9}|[0-9]{12})")), 21: line(128), 22: is_box,
    23: line(20, is_date), 24: line(20, is_date), 25: CODE, 26: line(256), 27: several(16, CODE),
    28: several(8, IRI), 29: CODE, 30: several(4, IRI), 31: several(8, CODE), 32: IRI, 33: CODE, 34: CODE,
    35: line(1024, lines=True), 36: ABOVE_0}


def descriptions(case, data):
    """Of an open version: path 12 is not there."""
    try:
        found = decode(data)
        need(type(found) is dict and len(found) <= 64 and len(data) <= 16375)
        need(all(DESCRIPTION[key](value) for key, value in found.items() if key in DESCRIPTION))
        need(14 not in found or 4 in found)
    except Malformed:
        return case["verdict"] == "malformed"
    return case["verdict"] == "accepted"


def signed(key, tag, federation, whole):
    message = tag.encode().ljust(16, b"\0") + federation + whole[:-64]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(whole[-64:], message)
        return True
    except InvalidSignature:
        return False


def organisation_logs(case, data):
    """Ids, and signatures by the root key that the entry names."""
    if case["verdict"] not in ("accepted", "denied"):
        return None
    entry = decode(data[:-64])
    good = not Ed25519PublicKey or signed(entry[4], "am1.orglog", bytes(32), data)
    if case["verdict"] == "denied":  # by its signature, or that of the node in it
        return None if good else True
    return good and case["id"] == H("am1.orglog", data[:-64]).hex()


def records(case, data):
    if case["leaf_hash"] != H("am1.leaf", data).hex():
        return False
    if not Ed25519PublicKey:
        return None
    good = signed(bytes.fromhex(case["signing_key"]), "am1.record",
                  bytes.fromhex(case["federation"]), data)
    return good == (case["verdict"] != "denied")


def heads(case, data):
    return case["verdict"] == head_verdict(case, data)


def head_verdict(case, data):
    _, author, incarnation, counter, time, until, _, count, size, *_ = decode(data[:-64])
    quota = author % 256 + 1
    if min(author, incarnation, counter) < 1 or until <= time:
        return "malformed"
    if author // 256 not in case["members"]:
        return "no author"
    if time > case["clock"] + 600000:
        return "waits"
    if Ed25519PublicKey and not signed(bytes.fromhex(case["signing_key"]), "am1.head",
                                       bytes.fromhex(case["federation"]), data):
        return "denied"
    if until - time > 26 * 3600000:
        return "does not fit"
    if count > 262144 // quota or size > 268435456 // quota:
        return "above the quota"
    return "accepted" if Ed25519PublicKey else case["verdict"]


def hchacha20(key, nonce):
    state = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), *struct.unpack("<4I", nonce)]
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            for into, by, turned, left in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[into] = state[into] + state[by] & 0xffffffff
                word = state[turned] ^ state[into]
                state[turned] = (word << left | word >> 32 - left) & 0xffffffff
    return struct.pack("<8I", *state[:4], *state[12:])


def chunk_text(case, data):
    """The packed text, or None."""
    nonce, commitment = data[2:26], data[26:58]
    ad = b"\1" + bytes.fromhex(case["dataset"]) + struct.pack(">Q", case["epoch_number"]) + \
        H("am1.prefix", case["epoch_prefix"].encode()) + bytes([case["kind"]])
    inner = H("am1.enc", key=bytes.fromhex(case["dataset_key"]))
    keys = H("am1.chunkkey", nonce, ad, key=inner, size=64)
    if keys[32:] != commitment:
        return None
    try:
        return ChaCha20Poly1305(hchacha20(keys[:32], nonce[:16])).decrypt(bytes(4) + nonce[16:], data[58:], ad)
    except InvalidTag:
        return None


def chunk_verdict(case, data):
    if H("", data).hex() != case["address"]:
        return "other bytes"
    if data[:2] != b"\1\1":
        return "not known"
    if not Ed25519PublicKey:
        return case["verdict"]
    packed = chunk_text(case, data)
    return "denied" if packed is None else "accepted" if case["plain"].encode() in packed else "malformed"


def chunks(case, data):
    return chunk_verdict(case, data) == case["verdict"]


def signatures(case, data):
    if not Ed25519PublicKey:
        return None
    good = signed(bytes.fromhex(case["public_key"]), case["tag"],
                  bytes.fromhex(case["federation"]), data + bytes.fromhex(case["signature"]))
    return good == (case["verdict"] == "accepted")


# ---- section 8: the session ----

def hkdf(chaining, data):
    def mac(key, message):
        pad = key.ljust(128, b"\0")
        inner = hashlib.blake2b(bytes(b ^ 0x36 for b in pad) + message).digest()
        return hashlib.blake2b(bytes(b ^ 0x5C for b in pad) + inner).digest()
    temp = mac(chaining, data)
    one = mac(temp, b"\1")
    return one, mac(temp, one + b"\2")


class Noise:
    def __init__(self, prologue):
        self.h = self.ck = b"Noise_XX_25519_ChaChaPoly_BLAKE2b".ljust(64, b"\0")
        self.key, self.n = None, 0
        self.mix(prologue)

    def mix(self, data):
        self.h = hashlib.blake2b(self.h + data).digest()

    def mix_key(self, secret):
        self.ck, key = hkdf(self.ck, secret)
        self.key, self.n = key[:32], 0

    def open(self, sealed):
        plain = sealed
        if self.key:
            plain = unseal(self.key, self.n, self.h, sealed)
            self.n += 1
        self.mix(sealed)
        return plain


def unseal(key, n, ad, sealed):
    return ChaCha20Poly1305(key).decrypt(bytes(4) + struct.pack("<Q", n), sealed, ad)


def session(case, _):
    """Both sides' secrets are there, so one reader follows all of it."""
    if not Ed25519PublicKey:
        return None
    sides = {name: {key: bytes.fromhex(value) for key, value in case[name].items()}
             for name in ("dialler", "listener")}

    def dh(one, other):
        secret = X25519PrivateKey.from_private_bytes(sides[one[0]][one[1] + "_secret"])
        public = X25519PrivateKey.from_private_bytes(sides[other[0]][other[1] + "_secret"])
        return secret.exchange(X25519PublicKey.from_public_bytes(
            public.public_key().public_bytes_raw()))

    first, second, third, *frames = case["steps"]
    data = bytes.fromhex(first["bytes"])
    federation = bytes.fromhex(case["federation"])
    need(data[:10] == b"allmende\1\2" and data[10:18] == H("am1.fedhint", federation)[:8])
    noise = Noise(b"allmende/2" + data[:18] + federation)
    need(data[18:20] == b"\0\x20")
    noise.mix(data[20:52])
    need(noise.open(data[52:]) == b"")
    data = bytes.fromhex(second["bytes"])
    need(struct.unpack(">H", data[:2])[0] == len(data) - 2)
    noise.mix(data[2:34])
    noise.mix_key(dh(("dialler", "ephemeral"), ("listener", "ephemeral")))
    listener = noise.open(data[34:82])
    noise.mix_key(dh(("dialler", "ephemeral"), ("listener", "transport")))
    certificate = noise.open(data[82:])
    need(certificate.hex() == second["plain"])
    need(decode(certificate)[0] == 2 and decode(decode(certificate)[4][:-64])[8][0][4] == listener)
    data = bytes.fromhex(third["bytes"])
    noise.open(data[2:50])
    noise.mix_key(dh(("listener", "ephemeral"), ("dialler", "transport")))
    need(noise.open(data[50:]).hex() == third["plain"])
    need(noise.h.hex() == case["handshake_hash"])
    keys = dict(zip(("dialler", "listener"), (key[:32] for key in hkdf(noise.ck, b""))))
    sent = {"dialler": 0, "listener": 0}
    for frame in frames:
        side, data = frame["from"], bytes.fromhex(frame["bytes"])
        need(unseal(keys[side], sent[side], b"", data[2:]).hex() == frame["plain"])
        sent[side] += 1
    return True


FOLDERS = {"hashes": hashes, "encoding": encoding, "texts": texts, "root": root, "paths": paths,
           "sets": sets, "states": states, "cuts": cuts, "manifests": manifests, "records": records,
           "descriptions": descriptions,
           "heads": heads, "chunks": chunks,
           "organisation-logs": organisation_logs, "signatures": signatures, "session": session}


def words_are_those_of_the_text(top):
    """The list of section 4.2, by the hash that stands there."""
    listed = H("", pathlib.Path(top, "docs/words.txt").read_bytes()).hex()
    return f"`{listed}`" in pathlib.Path(top, "docs/PROTOCOL.md").read_text(encoding="utf-8")


def main(top):
    judged, left, wrong = 0, 0, []
    if not words_are_those_of_the_text(top):
        wrong.append("docs/words.txt: another hash than in docs/PROTOCOL.md")
    for folder, judge in FOLDERS.items():
        for path in sorted(pathlib.Path(top, "docs/vectors", folder).glob("*.json")):
            case = json.loads(path.read_text(encoding="utf-8"))
            try:
                verdict = judge(case, bytes.fromhex(case.get("bytes", "")))
            except Exception as fault:  # a reader that stumbles has judged wrongly
                verdict = False
                print(f"{path}: {type(fault).__name__} {fault}")
            if verdict is None:
                left += 1
            elif verdict:
                judged += 1
            else:
                wrong.append(f"{path}: judged otherwise")
    print("\n".join(wrong) or f"{judged} cases judged alike, {left} left out"
          + ("" if Ed25519PublicKey else "; the package cryptography is not there"))
    return 1 if wrong or judged < 70 else 0


sys.exit(main(sys.argv[1]))
