"""What a meter that signs has to show: its key, its pages, and records that anybody can verify (OCMF)."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from hal import ocmf, proof, signing
from hal.board import SIGNING_DEADLINE_S
from hal.checks_needs import SIGNS_NOTHING
from hal.conformance import Act, Check, CheckFailedError, Measured, Subject
from hal.errors import HalError
from hal.ocmf import OcmfError, OcmfRecord
from hal.proof import ProofError
from hal.types import MeterTransaction, Moment, Signs

TOKEN: Final = "CONFORMANCE"  # noqa: S105 - the user that the records of a trial name
RETRY_S: Final = 1.0  # our policy: a meter that has just come back is asked again after this
BACK_S: Final = 30.0  # our policy: by then it signs again
LAST_DIGIT: Final = re.compile(r"\d(?=\D*$)")


class _Paper:
    """The records of one meter, each verified as it comes."""

    def __init__(self, subject: Subject) -> None:
        self._meter = subject.board.evses[subject.evse].meter
        self._utc_s = subject.utc_s
        self.key = ""
        self.records: list[OcmfRecord] = []
        self.slowest_s = 0.0

    @property
    def signs_between(self) -> bool:
        """Whether it can sign between the ends, too."""
        return signing.ability(self._meter) is Signs.ALL

    async def read_key(self) -> None:
        """The meter's key, which has to be one. Raises `CheckFailedError`."""
        self.key = await signing.public_key(self._meter)
        try:
            proof.read_key(self.key)
        except ProofError as error:
            raise CheckFailedError(str(error)) from error

    async def sign(self, moment: Moment, number: int) -> OcmfRecord | None:
        """Have it sign this moment of a transaction; None: it signs begin and end in one. Raises `CheckFailedError`."""
        transaction = MeterTransaction(f"conformance-{number}", TOKEN, utc_s=self._utc_s())
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        sample = await signing.sign(self._meter, moment, transaction)
        self.slowest_s = max(self.slowest_s, loop.time() - begun_s)
        if sample.signed is None:
            if moment is Moment.BEGIN:
                return None
            raise CheckFailedError(f"{moment} of a transaction: nothing was signed")
        if sample.signed.public_key != self.key:
            raise CheckFailedError(f"{moment} of a transaction: signed with another key than the meter's")
        record = _verified(sample.signed.data, self.key)
        self.records.append(record)
        if self.records[1:]:
            _follows(*self.records[-2:])
        return record

    def told(self) -> str:
        """What a report says of it."""
        pages = [f"{one.context}{one.page}" for one in self.records]
        return f"key {self.key[-16:]}, pages {pages[0]} to {pages[-1]}"


def _verified(data: str, key: str) -> OcmfRecord:
    """A record whose signature is right, and is wrong as soon as a digit is another. Raises `CheckFailedError`."""
    try:
        record = ocmf.parse(data)
        proof.verify(record, key)
    except (OcmfError, ProofError) as error:
        raise CheckFailedError(str(error)) from error
    payload = LAST_DIGIT.sub(lambda digit: str((int(digit.group()) + 1) % 10), record.signed, count=1)
    try:
        proof.verify(ocmf.parse(data.replace(record.signed, payload)), key)
    except ProofError:
        return record
    raise CheckFailedError(f"page {record.context}{record.page}: its signature is right for another value, too")


def _follows(before: OcmfRecord, after: OcmfRecord) -> None:
    if (before.meter_serial, before.context, before.page + 1) != (after.meter_serial, after.context, after.page):
        raise CheckFailedError(
            f"page {after.context}{after.page} of meter {after.meter_serial} does not follow "
            f"{before.context}{before.page} of {before.meter_serial}"
        )


def _whole(begin: OcmfRecord | None, end: OcmfRecord | None) -> None:
    """That begin and end, in two records or in one, are those of a transaction of ours. Raises `CheckFailedError`."""
    if end is None:
        raise CheckFailedError("the end of a transaction was not signed")
    readings = (*(begin.readings if begin is not None else ()), *end.readings)
    reasons = [one.reason for one in readings]
    if reasons[0] != ocmf.BEGIN or reasons[-1] not in ocmf.ENDS:
        raise CheckFailedError(f"the readings are of {', '.join(reasons)}; a begin and an end are expected")
    for record in filter(None, (begin, end)):
        if TOKEN not in record.identification:
            raise CheckFailedError(f"signed for the user {record.identification!r}, and {TOKEN!r} was told")
    for one in readings:
        if one.status != ocmf.GOOD or one.errors != ocmf.NO_ERROR:
            raise CheckFailedError(f"a reading has status {one.status!r}, errors {one.errors!r}")
    first, last = (float(readings[at].value or "nan") for at in (0, -1))
    if not last >= first:
        raise CheckFailedError(f"the signed energy is {first:g} at the beginning and {last:g} at the end")


async def _key(subject: Subject) -> Measured:
    paper = _Paper(subject)
    await paper.read_key()
    first = paper.key
    await paper.read_key()
    if paper.key != first:
        raise CheckFailedError("the key is another one each time that it is read")
    return Measured(detail=f"key {first[-16:]}")


async def _charges(subject: Subject) -> Measured:
    """Two transactions, in the second one a reading between the ends where the meter signs such."""
    paper = _Paper(subject)
    await paper.read_key()
    for number in (1, 2):
        begin = await paper.sign(Moment.BEGIN, number)
        if number == 2 and paper.signs_between:  # noqa: PLR2004 - the second
            await paper.sign(Moment.BETWEEN, number)
        _whole(begin, await paper.sign(Moment.END, number))
    return Measured(paper.slowest_s, detail=paper.told())


async def _power_cut(subject: Subject) -> Measured:
    """A transaction before a power cut in the next one says which pages are due, and by which key."""
    paper = _Paper(subject)
    await paper.read_key()
    await paper.sign(Moment.BEGIN, 1)
    await paper.sign(Moment.END, 1)
    begin = await paper.sign(Moment.BEGIN, 2)
    await subject.bench.do(subject.evse, Act.CUT_METER)
    loop = asyncio.get_running_loop()
    back_s = loop.time()
    while True:
        try:
            end = await paper.sign(Moment.END, 2)
            break
        except HalError:
            if loop.time() - back_s >= BACK_S:
                raise
            await asyncio.sleep(RETRY_S)
    _whole(begin, end)
    return Measured(loop.time() - back_s, detail=paper.told())


METER_CHECKS: Final = (
    Check(name="sign-key", title="the meter's key is one, and stays", run=_key, unless=(SIGNS_NOTHING,)),
    Check(
        name="sign-charges",
        title="charges are signed: values, user, key, pages",
        run=_charges,
        within_s=SIGNING_DEADLINE_S,
        unless=(SIGNS_NOTHING,),
    ),
    Check(
        name="sign-power-cut",
        title="a charge is signed across a power cut",
        run=_power_cut,
        acts=frozenset({Act.CUT_METER}),
        within_s=BACK_S,
        unless=(SIGNS_NOTHING,),
    ),
)
