"""The charger's side of ISO 15118: engines without I/O for DIN SPEC 70121 and ISO 15118-2.

snapshot      what the charger is like at this moment: all that an answer is computed from
events        what a car has made known: what the charger acts on
timing        every timer of the standards, with its clause
engine        one TCP connection: bytes and snapshots in, bytes and events out
negotiation   which protocol a car and this charger speak
din, iso2     one module a protocol: requests to answers, and which request may follow which
"""
