"""The certificate store on disk: what it finds and keeps, and what a cut in the middle of any write leaves of it."""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from agent.pki import certificates as pki
from agent.pki import files
from agent.pki.names import CertificateError, LeafUse, RootUse, Subject
from agent.pki.requests import KeyKind, read_request
from agent.pki.secrets import SecretError, Secrets
from agent.pki.store import Store
from tests.security import minting


def root(name: str = "csms-root") -> x509.Certificate:
    return pki.read_pem(minting.pem(name))[0]


def signed(request: bytes, *, lasts_days: int = 365) -> list[x509.Certificate]:
    """What a CA makes of a request."""
    make_pki = minting.tool()
    asked = read_request(request)
    issuer = x509.load_pem_x509_certificate(minting.pem("station-root").encode())
    key = pki.serialization.load_pem_private_key(minting.key("station-root").read_bytes(), None)
    now = make_pki.dt.datetime.now(make_pki.dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(issuer.subject)
        .public_key(asked.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - make_pki.dt.timedelta(hours=1))
        .not_valid_after(now + make_pki.dt.timedelta(days=lasts_days))
    )
    return [builder.sign(key, make_pki.hashes.SHA256())]


def with_leaf(folder: Path) -> Store:
    store = Store(folder)
    store.add_leaf(LeafUse.STATION, signed(store.new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op"))))
    return store


def test_what_is_installed_is_there_for_whoever_looks_next(tmp_path):
    store = Store(tmp_path / "certs")
    assert store.roots(RootUse.CSMS) == []
    store.add_root(RootUse.CSMS, root())
    store.add_root(RootUse.CSMS, root())
    store.add_root(RootUse.V2G, root("v2g-root"))
    again = Store(tmp_path / "certs")
    assert [one.certificate for one in again.roots(RootUse.CSMS)] == [root()]
    assert again.count() == 2


def test_files_that_people_put_there_are_seen_at_the_next_look_and_when_they_change(tmp_path):
    store = Store(tmp_path)
    bundle = tmp_path / "roots" / "csms" / "operators.pem"
    bundle.parent.mkdir(parents=True)
    bundle.write_text(minting.pem("csms-root") + minting.pem("mo-root"))
    assert len(store.roots(RootUse.CSMS)) == 2
    bundle.write_text(minting.pem("mo-root"))
    assert [one.certificate for one in store.roots(RootUse.CSMS)] == [root("mo-root")]
    bundle.unlink()
    assert store.roots(RootUse.CSMS) == []


def test_one_root_of_a_bundle_can_be_removed_and_the_others_stay(tmp_path):
    store = Store(tmp_path)
    bundle = tmp_path / "roots" / "csms" / "operators.pem"
    bundle.parent.mkdir(parents=True)
    bundle.write_text(minting.pem("csms-root") + minting.pem("mo-root"))
    store.remove_root(RootUse.CSMS, root())
    assert [one.certificate for one in store.roots(RootUse.CSMS)] == [root("mo-root")]
    store.remove_root(RootUse.CSMS, root("mo-root"))
    assert not bundle.exists()


def test_a_file_that_is_no_certificate_is_left_out_with_a_line_in_the_log_and_hides_no_other(tmp_path, caplog):
    store = Store(tmp_path)
    store.add_root(RootUse.CSMS, root())
    (tmp_path / "roots" / "csms" / "notes.pem").write_text("call Anna")
    assert len(store.roots(RootUse.CSMS)) == 1
    assert len(store.roots(RootUse.CSMS)) == 1
    assert len([line for line in caplog.messages if "notes.pem is left out" in line]) == 1


def test_a_key_is_readable_by_its_owner_only_and_is_in_no_other_file(tmp_path):
    store = with_leaf(tmp_path)
    (leaf,) = store.leaves(LeafUse.STATION)
    assert stat.S_IMODE(leaf.key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(leaf.path.parent.stat().st_mode) == 0o700
    assert "PRIVATE" not in leaf.path.read_text()


def beginning(store: Store, moment: dt.datetime) -> x509.Certificate:
    """One more certificate for this store, valid from that moment on."""
    new = signed(store.new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op")))[0]
    key = pki.serialization.load_pem_private_key(minting.key("station-root").read_bytes(), None)
    return (
        x509.CertificateBuilder()
        .subject_name(new.subject)
        .issuer_name(new.issuer)
        .public_key(new.public_key())
        .serial_number(1)
        .not_valid_before(moment)
        .not_valid_after(new.not_valid_after_utc)
        .sign(key, minting.tool().hashes.SHA256())
    )


@pytest.mark.req("A02.FR.09")
def test_the_certificate_that_began_last_comes_first(tmp_path):
    store = with_leaf(tmp_path)
    (old,) = store.leaves(LeafUse.STATION)
    newest = beginning(store, old.certificate.not_valid_before_utc + dt.timedelta(minutes=1))
    store.add_leaf(LeafUse.STATION, [newest])
    assert [one.certificate for one in store.leaves(LeafUse.STATION)] == [newest, old.certificate]


@pytest.mark.req("A02.FR.09")
def test_of_certificates_that_began_together_the_one_installed_last_comes_first_and_is_kept(tmp_path):
    store = with_leaf(tmp_path)
    (old,) = store.leaves(LeafUse.STATION)
    new = beginning(store, old.certificate.not_valid_before_utc)
    store.add_leaf(LeafUse.STATION, [new])
    paths = {one.certificate: one.path for one in store.leaves(LeafUse.STATION)}
    for first, last in ((old.certificate, new), (new, old.certificate)):
        os.utime(paths[first], (1, 1))
        os.utime(paths[last], (2, 2))
        assert [one.certificate for one in store.leaves(LeafUse.STATION)] == [last, first]
    store.keep_newest(LeafUse.STATION, 1)
    assert [one.certificate for one in store.leaves(LeafUse.STATION)] == [old.certificate]


def test_a_certificate_for_a_key_that_is_not_ours_is_refused(tmp_path):
    with pytest.raises(CertificateError, match="none of ours"):
        Store(tmp_path).add_leaf(LeafUse.STATION, pki.read_pem(minting.pem("station")))


def test_a_new_request_gives_up_the_one_before_and_its_key(tmp_path):
    store = Store(tmp_path)
    first = store.new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op"))
    second = store.new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op"))
    assert list(store.pending(LeafUse.STATION).values()) == [second]
    assert len(list(tmp_path.rglob("*.key"))) == 1
    with pytest.raises(CertificateError):
        store.add_leaf(LeafUse.STATION, signed(first))


def test_a_request_waits_for_its_certificate_across_a_restart(tmp_path):
    request = Store(tmp_path).new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op"))
    again = Store(tmp_path)
    again.tidy(LeafUse.STATION)
    again.add_leaf(LeafUse.STATION, signed(request))
    assert len(again.leaves(LeafUse.STATION)) == 1
    assert again.pending(LeafUse.STATION) == {}


def test_a_certificate_and_key_that_people_put_there_under_their_own_name_count(tmp_path):
    folder = tmp_path / "own" / "station"
    folder.mkdir(parents=True)
    (folder / "factory.pem").write_text(minting.pem("station"))
    store = Store(tmp_path)
    assert store.leaves(LeafUse.STATION) == []  # no key yet
    (folder / "factory.key").write_bytes(minting.key("station").read_bytes())
    store.tidy(LeafUse.STATION)
    assert [one.name for one in store.leaves(LeafUse.STATION)] == ["factory"]


def test_a_v2g_chain_is_named_with_its_intermediates_below_it(tmp_path):
    folder = tmp_path / "own" / "v2g"
    folder.mkdir(parents=True)
    (folder / "secc.pem").write_text(minting.pem("secc"))
    (folder / "secc.key").write_bytes(minting.key("secc").read_bytes())
    store = Store(tmp_path)
    store.add_root(RootUse.V2G, root("v2g-root"))
    by_use = {one.use: one for one in store.named()}
    secc, sub2, sub1 = pki.read_pem(minting.pem("secc"))
    assert by_use[LeafUse.V2G].hash == pki.hash_data(secc, sub2)
    assert by_use[LeafUse.V2G].children == (pki.hash_data(sub2, sub1), pki.hash_data(sub1, root("v2g-root")))
    assert by_use[RootUse.V2G].children == ()


# Cuts. Each operation is done again and again, cut at its first, second, ... system call that changes the disk.


class CutError(BaseException):
    """The power is gone."""


CHANGES = ("open", "fsync", "replace", "unlink", "mkdir")


def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """Let the `number`-th change of the disk be the one that no longer happens; returns how many were asked for."""
    count = 0

    def counting(real):
        def call(*arguments, **named):
            nonlocal count
            count += 1
            if count >= number:
                raise CutError
            return real(*arguments, **named)

        return call

    monkeypatch.setattr(os, "open", counting(os.open))
    monkeypatch.setattr(os, "fsync", counting(os.fsync))
    for name in ("replace", "unlink", "mkdir"):
        monkeypatch.setattr(Path, name, counting(getattr(Path, name)))
    return lambda: count


def every_cut(tmp_path: Path, prepare, operation, right) -> int:
    """Do `operation` on fresh folders, cut later each time; `right` judges what the next start finds. How many cuts."""
    number = 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        store = prepare(folder)
        with pytest.MonkeyPatch.context() as patch:
            cut_at(patch, number)
            try:
                operation(store)
                done = True
            except CutError:
                done = False
        again = Store(folder)
        for use in LeafUse:
            again.tidy(use)
        right(again, done)
        if done:
            return number - 1


def test_a_cut_at_any_moment_of_installing_a_root_leaves_it_in_or_out(tmp_path):
    def right(store, done):
        found = [one.certificate for one in store.roots(RootUse.CSMS)]
        assert found == [root()] if done else found in ([], [root()])

    cuts = every_cut(tmp_path, Store, lambda store: store.add_root(RootUse.CSMS, root()), right)
    assert cuts >= 8


def test_a_cut_at_any_moment_of_removing_a_root_from_a_bundle_never_takes_the_others(tmp_path):
    def prepare(folder):
        bundle = folder / "roots" / "csms" / "operators.pem"
        bundle.parent.mkdir(parents=True)
        bundle.write_text(minting.pem("csms-root") + minting.pem("mo-root"))
        return Store(folder)

    def right(store, done):
        found = [one.certificate for one in store.roots(RootUse.CSMS)]
        assert root("mo-root") in found
        assert not done or found == [root("mo-root")]

    assert every_cut(tmp_path, prepare, lambda store: store.remove_root(RootUse.CSMS, root()), right) >= 4


def test_a_cut_at_any_moment_of_a_renewal_leaves_the_old_certificate_usable_or_the_new_one(tmp_path):
    def renew(store):
        store.add_leaf(LeafUse.STATION, signed(store.new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op"))))

    def right(store, done):
        leaves = store.leaves(LeafUse.STATION)
        assert len(leaves) == 2 if done else len(leaves) in {1, 2}
        keys = {path.stem for path in store.folder.rglob("*.key")}
        assert keys == {one.name for one in leaves} | store.pending(LeafUse.STATION).keys()  # no orphan is kept

    assert every_cut(tmp_path, with_leaf, renew, right) >= 10


def test_a_cut_at_any_moment_of_giving_up_the_old_certificate_keeps_the_new_one(tmp_path):
    def prepare(folder):
        store = with_leaf(folder)
        store.add_leaf(LeafUse.STATION, signed(store.new_request(LeafUse.STATION, KeyKind.P256, Subject("CS-1", "Op"))))
        return store

    def give_up(store):
        store.remove_leaf(store.leaves(LeafUse.STATION)[-1])

    def right(store, done):
        leaves = store.leaves(LeafUse.STATION)
        assert len(leaves) == 1 if done else len(leaves) in {1, 2}
        assert {path.stem for path in store.folder.rglob("*.key")} == {one.name for one in leaves}

    assert every_cut(tmp_path, prepare, give_up, right) >= 2


@pytest.mark.parametrize("code", ["ENOSPC", "EIO", "EROFS"])
def test_a_disk_that_does_not_take_a_file_keeps_the_old_one_and_no_scrap(code, tmp_path, monkeypatch):
    path = tmp_path / "one.pem"
    files.write(path, b"old")

    def failing(_descriptor: int) -> None:
        raise OSError(getattr(os, code, 28), code)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match=code):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["one.pem"]


# Secrets


def test_a_secret_is_readable_by_its_owner_only_from_its_first_moment(tmp_path):
    secrets = Secrets(tmp_path / "secrets")
    secrets.put("password-1", "correct horse battery")
    assert secrets.get("password-1") == "correct horse battery"
    assert stat.S_IMODE((tmp_path / "secrets" / "password-1").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_only_the_secrets_that_are_named_stay(tmp_path):
    secrets = Secrets(tmp_path)
    for name in ("a", "b", "c"):
        secrets.put(name, name)
    secrets.keep_only(frozenset({"b"}))
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_a_secret_that_others_can_read_is_not_used(tmp_path):
    secrets = Secrets(tmp_path)
    secrets.put("a", "x")
    (tmp_path / "a").chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        secrets.get("a")


@pytest.mark.parametrize("name", ["", "../etc/passwd", "a/b", ".", "a b"])
def test_a_name_never_leads_out_of_the_folder(name, tmp_path):
    with pytest.raises(SecretError, match="no name"):
        Secrets(tmp_path).get(name)
