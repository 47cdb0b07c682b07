"""EXI as ISO 15118 uses it: messages as immutable structs, to and from bytes.

One module a schema, named after its standard; import only those a session needs:

    app_protocol    SupportedAppProtocol            V2GTP payload type 0x8001, first message of every session
    din             DIN SPEC 70121                  0x8001
    iso2            ISO 15118-2                     0x8001
    iso20           ISO 15118-20, common messages   0x8002, 0x8101, 0x8102
    iso20_ac, iso20_dc, iso20_acdp, iso20_wpt       0x8003, 0x8004, 0x8005 and 0x8103, 0x8006 and 0x8104
    xmldsig         XML signatures; iso20_types: types that the modules of -20 share

Classes and fields bear the names of the schema. A class is called like its type (`PhysicalValueType`), or like the
element where one can stand for itself in a message (`SessionSetupReq`). Enumerations are Literals of strings, octets
are bytes, lists are tuples; what is absent is None. Everything is keyword-only, frozen and hashable; change a message
with `msgspec.structs.replace`.

    from agent.iso15118 import exi
    from agent.iso15118.exi import iso2

    message = exi.decode(iso2, frame.payload)             # DecodeError: offset, path, what was expected
    match message.Body.BodyElement:                       # a substitution group: the class says which
        case iso2.SessionSetupReq(EVCCID=evccid): ...
    answer = iso2.V2G_Message(
        Header=iso2.MessageHeaderType(SessionID=session_id),
        Body=iso2.BodyType(BodyElement=iso2.SessionSetupRes(ResponseCode="OK", EVSEID="DE*ABC*E1")),
    )
    octets = exi.encode(answer)                           # EncodeError: path and reason

In DIN and -2 every message is a `V2G_Message`; `decode` is typed to give `Message`, so narrow it with isinstance. In
-20 each message is an element of its own, as in `iso20.SessionSetupReq(Header=iso20_types.MessageHeaderType(...))`.
`exi.plain.plain(message)` gives nested dictionaries for logs and JSON.
"""

from __future__ import annotations

from agent.iso15118.exi.codec import decode, encode
from agent.iso15118.exi.errors import DecodeError, EncodeError, ExiError
from agent.iso15118.exi.message import Message

__all__ = ["DecodeError", "EncodeError", "ExiError", "Message", "decode", "encode"]
